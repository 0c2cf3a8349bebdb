// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.kqueue.KQueueDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;

class KQueueDatagramTest extends AbstractDatagramTest {
    @Override
    Class<? extends DomainDatagramChannel> channelType() {
        return KQueueDomainDatagramChannel.class;
    }
}
