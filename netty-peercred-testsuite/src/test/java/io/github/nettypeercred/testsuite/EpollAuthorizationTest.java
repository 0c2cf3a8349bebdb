// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.authz.AuthorizedMessage;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EpollAuthorizationTest extends AbstractAuthorizationTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }

    @Test
    void datagramOfADeniedSender_isDroppedAndCounted_andTheOthersCome() throws InterruptedException {
        PeerAuthorization authorization = PeerAuthorization.of(PeerPolicy.builder()
                .allow("users", rule -> rule.user(1000).grants("log"))
                .build());
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        EventLoopGroup group = transport().newGroup(1);
        Path path = TestServer.newPath();
        try {
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel initialized) {
                            initialized
                                    .pipeline()
                                    .addLast(
                                            new AttestedDatagramHandler(),
                                            new PeerAuthorizationHandler(authorization),
                                            new Log(heard));
                        }
                    })
                    .bind(new DomainSocketAddress(path.toString()))
                    .syncUninterruptibly()
                    .channel();
            TestServer.openToAll(path);
            for (long uid : new long[] {1003, 1000}) {
                try (Peer peer = Peer.start(Peer.as(uid, 100, "-", "dgram", "dsend", path.toString(), "of " + uid))) {
                    peer.exit();
                }
            }
            assertThat(heard.poll(30, TimeUnit.SECONDS)).isEqualTo("of 1000 [log]");
            assertThat(heard).isEmpty();
            assertThat(channel.isOpen()).isTrue();
            assertThat(authorization.counters().dropped()).isEqualTo(1);
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static final class Log extends SimpleChannelInboundHandler<AuthorizedMessage> {
        private final BlockingQueue<String> heard;

        Log(BlockingQueue<String> heard) {
            this.heard = heard;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, AuthorizedMessage msg) {
            heard.add(((AttestedDatagram) msg.message()).content().toString(UTF_8)
                    + ' '
                    + msg.access().grants());
        }
    }
}
