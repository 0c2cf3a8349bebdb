// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.SendCredentialsHandler;
import io.github.nettypeercred.epoll.EpollAttestedDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** By the channel that reads many datagrams and their senders at once. */
class EpollAttestedDatagramTest extends AbstractDatagramTest {
    @Override
    Class<? extends DomainDatagramChannel> channelType() {
        return EpollAttestedDatagramChannel.class;
    }

    @Test
    void bindAndConnect_withoutHandler_failAndNameIt() {
        try (DatagramServer server = DatagramServer.start(EpollDomainDatagramChannel.class)) {
            Bootstrap bootstrap = new Bootstrap()
                    .group(server.group())
                    .channel(channelType())
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {}
                    });
            assertThatThrownBy(() ->
                            bootstrap.bind(new DomainSocketAddress("\0never")).syncUninterruptibly())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("AttestedDatagramHandler");
            assertThatThrownBy(() -> bootstrap
                            .connect(new DomainSocketAddress(server.path()))
                            .syncUninterruptibly())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("AttestedDatagramHandler");
        }
    }

    @Test
    void handler_leavesThePipeline() {
        try (DatagramServer server = DatagramServer.start(channelType())) {
            assertThat(server.channel().pipeline().get(AttestedDatagramHandler.class))
                    .isNull();
        }
    }

    @Test
    void path_ofAClosedChannel_stays() {
        try (DatagramServer server = DatagramServer.start(channelType())) {
            server.channel().close().syncUninterruptibly();
            assertThat(Files.exists(Path.of(server.path()))).isTrue();
        }
    }

    @Test
    void empty_onAConnectedChannel_isDelivered() {
        try (DatagramServer other = DatagramServer.start(channelType());
                DatagramServer server = DatagramServer.start(channelType());
                Peer peer = Peer.start(
                        "dgram",
                        "dbind",
                        other.path() + ".p",
                        "say",
                        "bound",
                        "await",
                        "dsend",
                        server.path(),
                        "",
                        "dsend",
                        server.path(),
                        "x",
                        "await")) {
            assertThat(peer.line()).isEqualTo("bound");
            server.channel()
                    .connect(new DomainSocketAddress(other.path() + ".p"))
                    .syncUninterruptibly();
            peer.go();
            assertThat(server.next().originalLength()).isZero();
            assertThat(server.next().text()).isEqualTo("x");
        }
    }

    @Test
    void write_thatCannotGoOut_fails_andTheOthersDoNotWait() {
        try (DatagramServer server = DatagramServer.start(channelType());
                Peer deaf = Peer.start("dgram", "dbind", server.path() + ".deaf", "say", "bound", "await");
                Peer peer = Peer.start(
                        "dgram", "dbind", server.path() + ".p", "say", "bound", "dhear", "say", "heard", "await")) {
            assertThat(deaf.line()).isEqualTo("bound");
            assertThat(peer.line()).isEqualTo("bound");
            Channel channel = server.channel();
            List<ChannelFuture> toTheDeaf = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                toTheDeaf.add(channel.write(packet("x", server.path() + ".deaf")));
            }
            ChannelFuture nowhere = channel.write(packet("x", server.path() + ".nowhere"));
            ChannelFuture unnamed = channel.write(packet("x", ""));
            ChannelFuture empty = channel.write(packet("", server.path() + ".p"));
            ChannelFuture unconnected = channel.write(Unpooled.copiedBuffer("x", StandardCharsets.UTF_8));
            ChannelFuture wrongType = channel.write("x");
            ChannelFuture good = channel.writeAndFlush(packet("hello", server.path() + ".p"));
            assertThat(good.awaitUninterruptibly(30_000)).isTrue();
            assertThat(good.isSuccess()).isTrue();
            assertThat(peer.line()).isEqualTo("hello");
            assertThat(toTheDeaf.get(0).isSuccess()).isTrue();
            assertThat(toTheDeaf.get(1999).cause()).isInstanceOf(IOException.class);
            assertThat(nowhere.cause()).isInstanceOf(IOException.class);
            assertThat(unnamed.cause()).isInstanceOf(SocketException.class).hasMessageContaining("no address");
            assertThat(empty.cause()).isInstanceOf(UnsupportedOperationException.class);
            assertThat(unconnected.cause()).isNotNull();
            assertThat(wrongType.cause()).isInstanceOf(UnsupportedOperationException.class);
            assertThat(channel.isActive()).isTrue();
        }
    }

    private static DomainDatagramPacket packet(String text, String to) {
        return new DomainDatagramPacket(
                Unpooled.copiedBuffer(text, StandardCharsets.UTF_8), new DomainSocketAddress(to));
    }

    @Test
    void adoptedSocket_ofAnotherKind_isRefused() {
        try (DatagramServer server = DatagramServer.start(channelType())) {
            int stream = Socket.newSocketDomain().intValue();
            EpollAttestedDatagramChannel channel = new EpollAttestedDatagramChannel(stream);
            channel.pipeline().addLast(new AttestedDatagramHandler());
            server.group().register(channel).syncUninterruptibly();
            assertThat(channel.closeFuture().awaitUninterruptibly(30_000)).isTrue();
        }
    }

    @Test
    void logServer_saysWhoWrote_alsoOnAnAddressOfTheKernelsChoice() throws InterruptedException {
        EventLoopGroup group = TestTransport.EPOLL.newGroup(1);
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        try {
            Channel channel = LogServer.start(group, "", lines::add);
            String name = ((DomainSocketAddress) channel.localAddress()).path();
            assertThat(name).matches("\0[0-9a-f]{5}");
            try (Peer peer =
                    Peer.start(Peer.as(4294967290L, 0, "-", "dgram", "dsend", "@" + name.substring(1), "hello"))) {
                assertThat(peer.exit()).isZero();
                assertThat(lines.poll(30, TimeUnit.SECONDS)).isEqualTo("user 4294967290: hello");
            }
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void read_thatMeetsAnError_isStillPending() {
        try (DatagramServer other = DatagramServer.start(channelType());
                DatagramServer server = DatagramServer.start(
                        channelType(),
                        AttestedDatagramHandler.builder(),
                        options -> options.option(ChannelOption.AUTO_READ, false));
                Peer peer = Peer.start(
                        "dgram",
                        "dbind",
                        server.path() + ".p",
                        "say",
                        "bound",
                        "await",
                        "dconnect",
                        server.path(),
                        "dconnect",
                        other.path(),
                        "await",
                        "dsend",
                        server.path(),
                        "hello",
                        "await")) {
            assertThat(peer.line()).isEqualTo("bound");
            server.channel()
                    .connect(new DomainSocketAddress(server.path() + ".p"))
                    .syncUninterruptibly();
            // What the peer has not read when it connects elsewhere is an error of the channel's socket.
            server.channel()
                    .writeAndFlush(Unpooled.copiedBuffer("unread", StandardCharsets.UTF_8))
                    .syncUninterruptibly();
            server.channel().read();
            peer.go();
            assertThat(server.nextEvent()).isInstanceOf(IOException.class);
            peer.go();
            assertThat(server.next().text()).isEqualTo("hello");
        }
    }

    @Test
    void credentials_areSent_afterWhatWaitsForRoom() throws IOException {
        int most = Integer.parseInt(
                Files.readString(Path.of("/proc/sys/net/unix/max_dgram_qlen")).trim());
        int before = most + 20;
        String path = TestServer.newPath() + ".p";
        List<String> script = new ArrayList<>(List.of("dgram", "dbind", path, "say", "bound", "await"));
        for (int i = 0; i <= before; i++) {
            script.add("dhear");
        }
        try (DatagramServer server = DatagramServer.start(channelType());
                Peer peer = Peer.start(script.toArray(new String[0]))) {
            assertThat(peer.line()).isEqualTo("bound");
            Channel channel = server.channel();
            channel.connect(new DomainSocketAddress(path)).syncUninterruptibly();
            ChannelFuture last = channel.newSucceededFuture();
            for (int i = 0; i < before; i++) {
                last = channel.writeAndFlush(Unpooled.copiedBuffer("before", StandardCharsets.UTF_8));
            }
            channel.eventLoop()
                    .submit(() -> channel.pipeline().addFirst(new SendCredentialsHandler()))
                    .syncUninterruptibly();
            assertThat(last.isDone()).isFalse();
            ChannelFuture sent = channel.writeAndFlush(Unpooled.copiedBuffer("attested", StandardCharsets.UTF_8));
            channel.eventLoop().submit(() -> {}).syncUninterruptibly();
            assertThat(sent.isDone()).isFalse();
            peer.go();
            for (int i = 0; i < before; i++) {
                assertThat(peer.line()).isEqualTo("before");
            }
            assertThat(peer.line()).isEqualTo("attested");
            assertThat(sent.syncUninterruptibly().isSuccess()).isTrue();
        }
    }
}
