// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.conformance;

import io.github.nettypeercred.AttestedDecoder;
import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.util.ReferenceCountUtil;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** A transport, and what of ours stands in front in each of its pipelines. */
enum Setting {
    EPOLL_PLAIN,
    EPOLL_CONNECT,
    EPOLL_FIRST_READ,
    EPOLL_CONNECT_AND_FIRST_READ,
    EPOLL_EVERY_READ_PLAIN_BYTES,
    EPOLL_EVERY_READ_ADAPTER,
    IO_URING_PLAIN,
    IO_URING_CONNECT,
    IO_URING_FIRST_READ,
    IO_URING_CONNECT_AND_FIRST_READ,
    IO_URING_EVERY_READ_PLAIN_BYTES,
    IO_URING_EVERY_READ_ADAPTER;

    /** Groups of threads that end with the process. */
    private static final class Groups {
        static final EventLoopGroup EPOLL = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
        static final EventLoopGroup IO_URING = new MultiThreadIoEventLoopGroup(2, IoUringIoHandler.newFactory());
    }

    private boolean isEpoll() {
        return name().startsWith("EPOLL_");
    }

    List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> factories() {
        return List.of(new BootstrapComboFactory<>() {
            @Override
            public ServerBootstrap newServerInstance() {
                Class<? extends ServerChannel> type =
                        isEpoll() ? EpollServerDomainSocketChannel.class : IoUringServerDomainSocketChannel.class;
                ServerBootstrap server = new Server()
                        .group(isEpoll() ? Groups.EPOLL : Groups.IO_URING)
                        .channel(type);
                return name().contains("READ")
                        ? server.handler(PeerCredentialsAcceptHandler.builder()
                                .firstRead()
                                .build())
                        : server;
            }

            @Override
            public Bootstrap newClientInstance() {
                Class<? extends Channel> type =
                        isEpoll() ? EpollDomainSocketChannel.class : IoUringDomainSocketChannel.class;
                return new Client()
                        .group(isEpoll() ? Groups.EPOLL : Groups.IO_URING)
                        .channel(type);
            }
        });
    }

    static DomainSocketAddress newAddress() {
        try {
            File file = File.createTempFile("conformance", ".sock");
            if (!file.delete()) {
                throw new IOException("cannot delete " + file);
            }
            return new DomainSocketAddress(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds the test's handler, and ours in front of all that it adds. */
    private ChannelHandler behindOurs(ChannelHandler handler) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(ours()).addLast(handler);
            }
        };
    }

    private ChannelHandler[] ours() {
        String mode = name().substring(isEpoll() ? "EPOLL_".length() : "IO_URING_".length());
        return switch (mode) {
            case "PLAIN" -> new ChannelHandler[0];
            case "CONNECT" -> new ChannelHandler[] {new PeerCredentialsHandler()};
            // A test may close a connection on which nothing was sent, and expects no handler to do so.
            case "FIRST_READ" ->
                new ChannelHandler[] {
                    PeerCredentialsHandler.builder().firstRead().admitAbsent().build()
                };
            case "CONNECT_AND_FIRST_READ" ->
                new ChannelHandler[] {
                    PeerCredentialsHandler.builder()
                            .connectAndFirstRead()
                            .admitAbsent()
                            .build()
                };
            case "EVERY_READ_PLAIN_BYTES" ->
                new ChannelHandler[] {
                    EveryReadHandler.builder().plainBytes().admitAbsent().build()
                };
            case "EVERY_READ_ADAPTER" ->
                new ChannelHandler[] {
                    EveryReadHandler.builder().allowSenderChange().build(),
                    AttestedDecoder.builder()
                            .decoder(ChannelInboundHandlerAdapter::new)
                            .build(),
                    new Unwrap()
                };
            default -> throw new AssertionError(mode);
        };
    }

    private final class Server extends ServerBootstrap {
        @Override
        public ServerBootstrap childHandler(ChannelHandler handler) {
            return super.childHandler(behindOurs(handler));
        }
    }

    private final class Client extends Bootstrap {
        @Override
        public Bootstrap handler(ChannelHandler handler) {
            return super.handler(behindOurs(handler));
        }
    }

    private static final class Unwrap extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            AttestedMessage envelope = (AttestedMessage) msg;
            if (envelope.credentials().orElseThrow().pid().orElseThrow()
                    != ProcessHandle.current().pid()) {
                ctx.fireExceptionCaught(new IllegalStateException(envelope.toString()));
            }
            Object message = ReferenceCountUtil.retain(envelope.message());
            envelope.release();
            ctx.fireChannelRead(message);
        }
    }
}
