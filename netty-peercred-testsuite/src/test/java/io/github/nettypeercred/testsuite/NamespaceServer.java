// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.unix.DomainSocketAddress;

/** A server to be run in namespaces of its own: prints a line a connection. Arguments: path, "connect" or "first-read". */
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
                        PeerCredentialsHandler.Builder handler = PeerCredentialsHandler.builder();
                        if (args[1].equals("first-read")) {
                            handler.firstRead().senderProcess();
                        } else {
                            handler.groups().process();
                        }
                        child.pipeline().addLast(handler.build(), new Printer());
                    }
                })
                .bind(new DomainSocketAddress(args[0]))
                .syncUninterruptibly();
        System.out.println("ready");
    }

    private static final class Printer extends ChannelInboundHandlerAdapter {
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
