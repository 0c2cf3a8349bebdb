// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;

/**
 * A server that knows nothing of credentials, and does all that could reach a peer too early: it writes while the pipeline is being made, adds handlers in
 * front of all others, and greets. It prints what its handlers see.
 */
public final class PlainServer {
    private PlainServer() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        String path = args[1];
        ChannelFuture bound =
                switch (args[0]) {
                    case "epoll" ->
                        bootstrap(epoll(), EpollServerDomainSocketChannel.class).bind(new DomainSocketAddress(path));
                    case "io_uring" ->
                        bootstrap(
                                        new MultiThreadIoEventLoopGroup(2, IoUringIoHandler.newFactory()),
                                        IoUringServerDomainSocketChannel.class)
                                .bind(new DomainSocketAddress(path));
                    case "nio" ->
                        bootstrap(nio(), NioServerDomainSocketChannel.class).bind(UnixDomainSocketAddress.of(path));
                    case "tcp" ->
                        bootstrap(epoll(), EpollServerSocketChannel.class)
                                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    case "local" ->
                        bootstrap(
                                        new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory()),
                                        LocalServerChannel.class)
                                .bind(new LocalAddress(path));
                    case "datagrams" ->
                        new Bootstrap()
                                .group(epoll())
                                .channel(EpollDomainDatagramChannel.class)
                                .handler(new ChannelInboundHandlerAdapter())
                                .bind(new DomainSocketAddress(path));
                    case "by-hand" -> byHand(epoll()).bind(new DomainSocketAddress(path));
                    case "adopted-datagrams" ->
                        new Bootstrap()
                                .group(epoll())
                                .channelFactory(() -> new EpollDomainDatagramChannel(bound(path)))
                                .handler(new ChannelInboundHandlerAdapter())
                                .register();
                    case "adopted" ->
                        bootstrap(epoll())
                                .channelFactory(() -> new EpollServerDomainSocketChannel(listening(path), true))
                                .register();
                    default -> throw new IllegalArgumentException(args[0]);
                };
        bound.await();
        if (!bound.isSuccess()) {
            System.out.println("failed " + bound.cause());
            System.exit(3);
        }
        Channel server = bound.channel();
        if (args.length > 2 && args[2].equals("bare")) {
            server.eventLoop()
                    .submit(() -> {
                        for (String name : server.pipeline().names()) {
                            ChannelHandler handler = server.pipeline().get(name);
                            if (handler != null && handler.getClass().getName().startsWith("io.github")) {
                                server.pipeline().remove(handler);
                            }
                        }
                    })
                    .sync();
        }
        if (!args[0].startsWith("adopted")) {
            System.out.println("bound");
        }
        server.closeFuture().sync();
        System.out.println("closed");
        System.exit(4);
    }

    private static EventLoopGroup epoll() {
        return new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    }

    private static EventLoopGroup nio() {
        return new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    }

    /** A socket that another has bound and listens on, as systemd does. */
    private static int listening(String path) {
        try {
            Socket socket = Socket.newSocketDomain();
            socket.bind(new DomainSocketAddress(path));
            socket.listen(10);
            TestServer.openToAll(Path.of(path));
            System.out.println("listening");
            return socket.intValue();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same for datagrams. */
    private static int bound(String path) {
        try {
            Socket socket = Socket.newSocketDomainDgram();
            socket.bind(new DomainSocketAddress(path));
            System.out.println("listening");
            return socket.intValue();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A server that accepts by itself. */
    private static Bootstrap byHand(EventLoopGroup group) {
        return new Bootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        Channel child = (Channel) msg;
                        child.pipeline().addLast(newInitializer());
                        group.register(child);
                    }
                });
    }

    private static ServerBootstrap bootstrap(EventLoopGroup group, Class<? extends ServerChannel> type) {
        return bootstrap(group).channel(type);
    }

    private static ServerBootstrap bootstrap(EventLoopGroup group) {
        return new ServerBootstrap().group(group).childHandler(newInitializer());
    }

    private static ChannelInitializer<Channel> newInitializer() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel child) {
                System.out.println("init");
                child.writeAndFlush(bytes("early\n"));
                child.pipeline().addFirst(new Eager());
                child.pipeline().addLast(new Greeter());
            }
        };
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, UTF_8);
    }

    /** Stands in front of all others, and writes as soon as it is there. */
    private static final class Eager extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(bytes("eager\n"));
        }

        @Override
        public void channelRegistered(ChannelHandlerContext ctx) {
            System.out.println("registered");
            ctx.fireChannelRegistered();
        }
    }

    private static final class Greeter extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            System.out.println("active");
            ctx.writeAndFlush(bytes("hello\n"));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf read = (ByteBuf) msg;
            System.out.println("read " + read.toString(UTF_8));
            read.release();
            ctx.writeAndFlush(bytes("taken\n"));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt.getClass().getName().startsWith("io.github")) {
                System.out.println("event " + evt);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            System.out.println("inactive");
        }
    }
}
