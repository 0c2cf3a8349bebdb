// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.AbstractBootstrap;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Channels on which no credentials are to be had: the absence says so and names the fix. No signature here has a type that
 * Netty 4.1 lacks, because the tests for 4.1 are looked for in this class too.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnservedChannelTest {
    private static final SocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** Connects once to a server with the handler, which must refuse; returns what it refused with. */
    private static String refusal(
            Supplier<EventLoopGroup> io,
            Class<? extends ServerChannel> serverChannel,
            Class<? extends Channel> clientChannel,
            SocketAddress address,
            boolean atAccept) {
        EventLoopGroup group = io.get();
        Recorder recorder = new Recorder();
        PeerCredentialsAcceptHandler acceptHandler = new PeerCredentialsAcceptHandler();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(serverChannel)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel child) {
                        child.pipeline().addLast(new PeerCredentialsHandler(), recorder);
                    }
                });
        if (atAccept) {
            bootstrap.handler(acceptHandler);
        }
        try {
            Channel server = bootstrap.bind(address).syncUninterruptibly().channel();
            Channel client = new Bootstrap()
                    .group(group)
                    .channel(clientChannel)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(server.localAddress())
                    .syncUninterruptibly()
                    .channel();
            assertThat(client.closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .as("the server closes the connection")
                    .isTrue();
            if (atAccept) {
                await().untilAsserted(
                                () -> assertThat(acceptHandler.refusedCount()).isOne());
                assertThat(recorder.seen()).isEmpty();
                return "";
            }
            await().untilAsserted(() -> assertThat(recorder.seen()).hasSize(1));
            return recorder.announced().toString();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void tcpOnNio_isNoUnixSocket() {
        for (boolean atAccept : new boolean[] {false, true}) {
            assertThat(refusal(
                            () -> new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()),
                            NioServerSocketChannel.class,
                            NioSocketChannel.class,
                            LOOPBACK,
                            atAccept))
                    .matches(text -> atAccept
                            || (text.startsWith("NOT_UNIX_SOCKET: io.netty.channel.socket.nio.NioSocketChannel is no")
                                    && text.contains("EpollServerDomainSocketChannel")));
        }
    }

    @Test
    void tcpOnEpoll_isNoUnixSocket() {
        assertThat(refusal(
                        () -> new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()),
                        EpollServerSocketChannel.class,
                        EpollSocketChannel.class,
                        LOOPBACK,
                        false))
                .startsWith("NOT_UNIX_SOCKET: io.netty.channel.epoll.EpollSocketChannel is no")
                .contains("EpollServerDomainSocketChannel");
    }

    @Test
    void unixSocketOnNio_hasNoTransport() {
        assumeTrue(Runtime.version().feature() >= 16, "left out: this JDK has no Unix domain sockets");
        for (boolean atAccept : new boolean[] {false, true}) {
            assertThat(refusal(
                            () -> new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()),
                            NioServerDomainSocketChannel.class,
                            NioDomainSocketChannel.class,
                            UnixDomainSocketAddress.of(TestServer.newPath()),
                            atAccept))
                    .matches(text -> atAccept
                            || (text.startsWith("NO_TRANSPORT: NioDomainSocketChannel")
                                    && text.contains("EpollDomainSocketChannel with netty-peercred-epoll")));
        }
    }

    @Test
    void listeningChannel_isNotCaptured() {
        assertThat(refusalOnBind(new ServerBootstrap()
                        .channel(EpollServerDomainSocketChannel.class)
                        .childHandler(new ChannelInboundHandlerAdapter())))
                .startsWith("NOT_CONNECTED: this is the listening channel")
                .contains("childHandler", "PeerCredentialsAcceptHandler");
    }

    @Test
    void datagramChannel_hasNoPeer() {
        assertThat(refusalOnBind(new Bootstrap().channel(EpollDomainDatagramChannel.class)))
                .startsWith("NOT_CONNECTED: a datagram socket has no peer")
                .contains("AttestedDatagramHandler");
    }

    /** Binds a channel with the handler in its own pipeline, which must refuse; returns what it refused with. */
    private static String refusalOnBind(AbstractBootstrap<?, ?> bootstrap) {
        EventLoopGroup group = TestTransport.EPOLL.newGroup(1);
        Recorder recorder = new Recorder();
        bootstrap.group(group).handler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new PeerCredentialsHandler(), recorder);
            }
        });
        try {
            Channel bound = bootstrap
                    .bind(new DomainSocketAddress(TestServer.newPath().toFile()))
                    .syncUninterruptibly()
                    .channel();
            assertThat(bound.closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
            return recorder.announced().toString();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void datagramHandler_onOtherChannels_namesTheRightOne() {
        assertThat(datagramRefusal(
                        () -> new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()),
                        new Bootstrap().channel(EpollDomainSocketChannel.class),
                        true))
                .startsWith("UNSUPPORTED: io.netty.channel.epoll.EpollDomainSocketChannel is no datagram channel")
                .contains("PeerCredentialsHandler");
        assertThat(datagramRefusal(
                        () -> new MultiThreadIoEventLoopGroup(1, IoUringIoHandler.newFactory()),
                        new Bootstrap().channel(IoUringDatagramChannel.class),
                        false))
                .startsWith(
                        "NOT_UNIX_SOCKET: io.netty.channel.uring.IoUringDatagramChannel is no channel for Unix datagrams, of which"
                                + " io_uring has none")
                .contains("EpollAttestedDatagramChannel", "EpollDomainDatagramChannel");
        assertThat(datagramRefusal(
                        () -> new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()),
                        new Bootstrap().channel(NioDatagramChannel.class),
                        false))
                .startsWith("NOT_UNIX_SOCKET: ")
                .contains("EpollAttestedDatagramChannel");
    }

    @Test
    void datagramChannelOfEpoll_onIoUring_isRefusedByNetty() {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, IoUringIoHandler.newFactory());
        try {
            assertThatThrownBy(() -> new Bootstrap()
                            .group(group)
                            .channel(EpollAttestedDatagramChannel.class)
                            .handler(new AttestedDatagramHandler())
                            .bind(new DomainSocketAddress("\0never"))
                            .syncUninterruptibly())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("incompatible event loop");
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    /** Binds or connects a channel with the datagram handler, which must fail with the absence and announce it. */
    private static String datagramRefusal(Supplier<EventLoopGroup> io, Bootstrap bootstrap, boolean connect) {
        EventLoopGroup group = io.get();
        Recorder recorder = new Recorder();
        bootstrap.group(group).handler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new AttestedDatagramHandler(), recorder);
            }
        });
        try {
            ChannelFuture done =
                    connect ? bootstrap.connect(new DomainSocketAddress("\0never")) : bootstrap.bind(LOOPBACK);
            assertThat(done.awaitUninterruptibly(30, TimeUnit.SECONDS)).isTrue();
            assertThat(done.channel().closeFuture().awaitUninterruptibly(30, TimeUnit.SECONDS))
                    .isTrue();
            if (done.cause() instanceof AbsentException absent) {
                return absent.absence().toString();
            }
            return recorder.announced().toString();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
