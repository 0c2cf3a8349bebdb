// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;

/** By a look before each read of Netty's own channel. */
class EpollDatagramTest extends AbstractDatagramTest {
    @Override
    Class<? extends DomainDatagramChannel> channelType() {
        return EpollDomainDatagramChannel.class;
    }
}
