// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.epoll.EpollPeerCredentials;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import jnr.unixsocket.Credentials;
import jnr.unixsocket.UnixServerSocketChannel;
import jnr.unixsocket.UnixSocketAddress;
import jnr.unixsocket.UnixSocketChannel;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One capture, on an accepted connection, again and again.
 *
 * <p>The floors loop in C over the system calls. The library's own captures are what a handler runs on a channel: the
 * choice of the transport, the check that the socket is one, the system calls, the value, its storing as an attribute
 * and, with a process handle, the listener that closes it with the channel, and that closing.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CaptureBenchmark {
    private static final int LOOP = 1000;
    private static final PeerCredentialsTransport EPOLL = new EpollPeerCredentials();
    private static final CaptureRequest IDS = new CaptureRequest(false, false, false);
    private static final CaptureRequest GROUPS = new CaptureRequest(true, false, false);
    private static final CaptureRequest PROCESS = new CaptureRequest(false, false, true);
    private static final CaptureRequest ALL = new CaptureRequest(true, false, true);

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public int ids1Floor(Accepted peer) {
        return Floor.check(Floor.loop(peer.fd, 0, LOOP));
    }

    /** The least that a library can do through JNI: one crossing, nothing kept. */
    @Benchmark
    public int ids2Jni(Accepted peer) {
        return Floor.check(Floor.loop(peer.fd, 0, 1));
    }

    /** What the transport answers, as a value: the counterpart of what other libraries return. */
    @Benchmark
    public UnixPeerCredentials ids2Value(Accepted peer) {
        return EPOLL.capture(peer.channel, IDS, Internals.FACTORY).orElseThrow();
    }

    @Benchmark
    public UnixPeerCredentials ids3Library(Accepted peer) {
        Internals.forgetResult(peer.channel);
        return Internals.capture(peer.channel, IDS).orElseThrow();
    }

    /** On a channel without any attribute so far: Netty's two objects for the first one come on top. */
    @Benchmark
    public UnixPeerCredentials ids4LibraryFirstAttribute(Accepted peer) {
        Internals.forgetAttributes(peer.channel);
        return Internals.capture(peer.channel, IDS).orElseThrow();
    }

    @Benchmark
    public PeerCredentials ids5Netty(Accepted peer) throws IOException {
        return peer.channel.peerCredentials();
    }

    @Benchmark
    public Credentials ids6Jnr(Jnr peer) throws IOException {
        return peer.accepted.socket().getCredentials();
    }

    @Benchmark
    public AFUNIXSocketCredentials ids7Junixsocket(Junixsocket peer) throws IOException {
        return peer.accepted.getPeerCredentials();
    }

    @Benchmark
    public UnixDomainPrincipal ids8Jdk(Jdk peer) throws IOException {
        return peer.accepted.getOption(ExtendedSocketOptions.SO_PEERCRED);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public int groups1Floor(Accepted peer) {
        return Floor.check(Floor.loop(peer.fd, Floor.GROUPS, LOOP));
    }

    @Benchmark
    public UnixPeerCredentials groups2Library(Accepted peer) {
        Internals.forgetResult(peer.channel);
        return Internals.capture(peer.channel, GROUPS).orElseThrow();
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public int process1Floor(Accepted peer) {
        return Floor.check(Floor.loop(peer.fd, Floor.PIDFD, LOOP));
    }

    @Benchmark
    public UnixPeerCredentials process2Library(Accepted peer) {
        return captureProcess(peer, PROCESS);
    }

    @Benchmark
    @OperationsPerInvocation(LOOP)
    public int groupsProcess1Floor(Accepted peer) {
        return Floor.check(Floor.loop(peer.fd, Floor.GROUPS | Floor.PIDFD, LOOP));
    }

    @Benchmark
    public UnixPeerCredentials groupsProcess2Library(Accepted peer) {
        return captureProcess(peer, ALL);
    }

    private static UnixPeerCredentials captureProcess(Accepted peer, CaptureRequest request) {
        Internals.forgetResult(peer.channel);
        Internals.forgetListener(peer.channel);
        UnixPeerCredentials captured = Internals.capture(peer.channel, request).orElseThrow();
        captured.process().orElseThrow().close();
        return captured;
    }

    /** A connection that the JDK's server has accepted. */
    @State(Scope.Thread)
    public static class Jdk {
        final SocketChannel accepted;
        private final SocketChannel client;
        private final ServerSocketChannel server;
        private final Path path = Sockets.newPath();

        public Jdk() {
            try {
                server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
                client = SocketChannel.open(UnixDomainSocketAddress.of(path));
                accepted = server.accept();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @TearDown
        public void close() throws IOException {
            accepted.close();
            client.close();
            server.close();
            Files.deleteIfExists(path);
        }
    }

    /** A connection that jnr-unixsocket's server has accepted. */
    @State(Scope.Thread)
    public static class Jnr {
        final UnixSocketChannel accepted;
        private final UnixSocketChannel client;
        private final UnixServerSocketChannel server;
        private final Path path = Sockets.newPath();

        public Jnr() {
            try {
                UnixSocketAddress address = new UnixSocketAddress(path.toFile());
                server = UnixServerSocketChannel.open();
                server.socket().bind(address);
                client = UnixSocketChannel.open(address);
                accepted = server.accept();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @TearDown
        public void close() throws IOException {
            accepted.close();
            client.close();
            server.close();
            Files.deleteIfExists(path);
        }
    }

    /** A connection that junixsocket's server has accepted. */
    @State(Scope.Thread)
    public static class Junixsocket {
        final AFUNIXSocket accepted;
        private final AFUNIXSocket client;
        private final AFUNIXServerSocket server;
        private final Path path = Sockets.newPath();

        public Junixsocket() {
            try {
                AFUNIXSocketAddress address = AFUNIXSocketAddress.of(path);
                server = AFUNIXServerSocket.bindOn(address);
                client = AFUNIXSocket.connectTo(address);
                accepted = server.accept();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @TearDown
        public void close() throws IOException {
            accepted.close();
            client.close();
            server.close();
            Files.deleteIfExists(path);
        }
    }
}
