// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannelOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Channels made of a descriptor that came from elsewhere, which may be of any kind. */
@Tag("netty-4.1")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AdoptedDescriptorTest {
    private static final EventLoopGroup group = TestTransport.EPOLL.newGroup(1);

    @AfterAll
    static void stop() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void unconnectedSocket_isAbsent() throws IOException {
        assertAbsent(Socket.newSocketDomain(), AbsenceReason.NOT_CONNECTED);
    }

    @Test
    void listeningSocket_isNotItsOwnPeer() throws IOException {
        Socket socket = Socket.newSocketDomain();
        socket.bind(new DomainSocketAddress(TestServer.newPath().toFile()));
        socket.listen(1);
        assertAbsent(socket, AbsenceReason.NOT_CONNECTED);
    }

    @Test
    void tcpSocket_isNotAUnixSocket() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Socket socket = Socket.newSocketStream();
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
            assertAbsent(socket, AbsenceReason.NOT_UNIX_SOCKET);
        }
    }

    @Test
    void socketPair_isItsMakers() {
        assumeTrue("root".equals(System.getProperty("user.name")), "left out: a peer under another user needs root");
        BlockingQueue<FileDescriptor> received = new LinkedBlockingQueue<>();
        String path = TestServer.newPath().toString();
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(TestTransport.EPOLL.serverChannel())
                .childOption(UnixChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        received.add((FileDescriptor) msg);
                    }
                })
                .bind(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
        TestServer.openToAll(Path.of(path));
        try (Peer peer = Peer.start(Peer.as(1000, 100, "-", "connect", path, "sendpair", "await"))) {
            FileDescriptor descriptor = Objects.requireNonNull(received.poll(30, TimeUnit.SECONDS), "a descriptor");
            UnixPeerCredentials credentials = adopt(descriptor.intValue()).orElseThrow();
            assertThat(credentials.uid()).isEqualTo(1000);
            assertThat(credentials.gid()).isEqualTo(100);
            assertThat(credentials.pid()).hasValue(peer.pid());
            assertThat(credentials.source().moment()).isEqualTo(Moment.SETUP);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            server.close().syncUninterruptibly();
        }
    }

    private static void assertAbsent(Socket socket, AbsenceReason reason) {
        PeerCredentialsResult result = adopt(socket.intValue());
        assertThat(result.absence().orElseThrow().reason()).isEqualTo(reason);
    }

    /** What a handler says of a channel made of the descriptor, which closes with it. */
    private static PeerCredentialsResult adopt(int descriptor) {
        BlockingQueue<PeerCredentialsResult> results = new LinkedBlockingQueue<>();
        Channel channel = new EpollDomainSocketChannel(descriptor, true);
        channel.pipeline().addLast(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel ch) {
                ch.pipeline().addLast(new PeerCredentialsHandler(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                        if (evt instanceof PeerCredentialsEvent event) {
                            results.add(event.result());
                        }
                    }
                });
            }
        });
        group.register(channel).syncUninterruptibly();
        try {
            return Objects.requireNonNull(results.poll(30, TimeUnit.SECONDS), "no event");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            channel.close().syncUninterruptibly();
        }
    }
}
