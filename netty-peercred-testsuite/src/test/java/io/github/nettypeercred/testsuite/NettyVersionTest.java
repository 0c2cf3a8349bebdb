// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.util.Version;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That each run of the tests is one on the Netty it says. */
@Tag("netty-4.1")
class NettyVersionTest {
    @Test
    void netty_isTheVersionOfThisRun() {
        String expected = System.getProperty("expected.netty.version");
        assertThat(Version.identify(Channel.class.getClassLoader()))
                .allSatisfy((artifact, version) ->
                        assertThat(version.artifactVersion()).as(artifact).isEqualTo(expected));
        assertThat(EpollDomainSocketChannel.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .matches(".*netty-transport-classes-epoll.*");
    }
}
