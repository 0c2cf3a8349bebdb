// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;

/** A server to be run in namespaces of its own: prints a line a connection. Arguments: path, "connect", "first-read" or "every-read". */
final class NamespaceServer {
    private NamespaceServer() {}

    public static void main(String[] args) {
        new ServerBootstrap()
                .group(TestTransport.EPOLL.newGroup(1))
                .channel(TestTransport.EPOLL.serverChannel())
                .handler(PeerCredentialsAcceptHandler.builder()
                        .admitAbsent()
                        .firstRead()
                        .build())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(handler(args[1]), new Printer());
                    }
                })
                .bind(new DomainSocketAddress(args[0]))
                .syncUninterruptibly();
        System.out.println("ready");
    }

    private static ChannelHandler handler(String mode) {
        return switch (mode) {
            case "connect" ->
                PeerCredentialsHandler.builder().groups().process().build();
            case "first-read" ->
                PeerCredentialsHandler.builder().firstRead().senderProcess().build();
            default -> EveryReadHandler.builder().allowSenderChange().build();
        };
    }

    private static final class Printer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof AttestedBytes bytes) {
                System.out.println(bytes.credentials().orElseThrow() + " pid="
                        + bytes.credentials().orElseThrow().pid());
            }
            ReferenceCountUtil.release(msg);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof PeerCredentialsEvent.Captured event) {
                UnixPeerCredentials peer = event.result();
                System.out.println(peer + " pid=" + peer.pid() + " alive="
                        + peer.process().orElseThrow().isAlive() + " ids="
                        + peer.process()
                                .orElseThrow()
                                .currentIds()
                                .absence()
                                .orElseThrow()
                                .reason());
            } else if (evt instanceof PeerCredentialsEvent.Refused event) {
                System.out.println(event.result().reason());
            }
        }
    }
}
