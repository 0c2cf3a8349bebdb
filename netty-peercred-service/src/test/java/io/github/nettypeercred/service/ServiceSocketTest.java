// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.nettypeercred.service.ServiceSocketException.Reason;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceSocketTest {
    private final Place place = new Place();

    @AfterEach
    void remove() {
        place.close();
    }

    private ServiceSocketException refusal(ServiceSocket.Builder builder) {
        return catchThrowableOfType(ServiceSocketException.class, builder::take);
    }

    private ServiceSocketException refusal(Path path) {
        return refusal(ServiceSocket.builder(path));
    }

    @Test
    void modeOwnerAndGroup_areThoseAskedFor_whenTheNameAppears() throws IOException {
        Place.assumeRoot();
        List<String> seen = new ArrayList<>();
        ServiceSocket.Builder builder =
                ServiceSocket.builder(place.path).mode(0666).owner(4294967290L).group(1234);
        builder.observer = step -> {
            if (step == Step.RENAME) {
                assertThat(place.path).doesNotExist();
                assertThat(mode(place.folder.resolve("socket.new"))).isEqualTo(0700);
                seen.add(attributes(place.folder.resolve("socket.new").resolve("s")));
            }
        };
        try (ServiceSocket socket = builder.take()) {
            assertThat(seen).containsExactly("666 4294967290 1234");
            assertThat(attributes(place.path)).isEqualTo("666 4294967290 1234");
            assertThat(socket.path()).isEqualTo(place.path);
            assertThat(socket.origin()).isEqualTo(ServiceSocket.Origin.BOUND);
        }
        assertThat(place.files()).containsExactly("socket.lock");
        assertThat(mode(place.folder.resolve("socket.lock"))).isEqualTo(0600);
    }

    private static int mode(Path path) {
        try {
            return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String attributes(Path path) {
        try {
            return Integer.toOctalString(mode(path))
                    + ' '
                    + Integer.toUnsignedString((Integer) Files.getAttribute(path, "unix:uid"))
                    + ' '
                    + Integer.toUnsignedString((Integer) Files.getAttribute(path, "unix:gid"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void second_isToldWhoServes() throws ServiceSocketException {
        Instant now = Instant.now();
        try (Child first = Child.starter()) {
            assertThat(first.ask("take " + place.path)).isEqualTo("taken BOUND");
            ServiceSocketException refusal = refusal(place.path);
            assertThat(refusal.reason()).isEqualTo(Reason.SERVED);
            ServedBy who = refusal.servedBy().orElseThrow();
            assertThat(who.pid()).hasValue(first.pid());
            assertThat(who.uid()).isEqualTo(Place.id("uid"));
            assertThat(who.gid()).isEqualTo(Place.id("gid"));
            assertThat(who.running().orElseThrow()).isTrue();
            assertThat(who.executable().orElseThrow()).endsWith("/bin/java");
            assertThat(who.since().orElseThrow())
                    .isBetween(now.minus(Duration.ofSeconds(5)), Instant.now().plus(Duration.ofSeconds(5)));
            assertThat(refusal)
                    .hasMessageContaining(place.path + ": is served by pid " + first.pid() + ", uid " + Place.id("uid")
                            + ", executable /");
        }
        // Killed: stale, and replaced.
        try (ServiceSocket socket = ServiceSocket.builder(place.path).take()) {
            assertThat(place.listenerPid())
                    .isEqualTo((int) ProcessHandle.current().pid());
            assertThat(socket.path()).exists();
        }
    }

    @Test
    void staleSocket_isReplaced_withoutAMomentOfNothing() throws IOException {
        place.makeStale();
        Object stale = Files.readAttributes(place.path, "unix:ino").get("ino");
        ServiceSocket.Builder builder = ServiceSocket.builder(place.path);
        List<Boolean> there = new ArrayList<>();
        builder.observer = step -> there.add(Files.exists(place.path));
        try (ServiceSocket socket = builder.take()) {
            assertThat(there).hasSize(5).doesNotContain(false);
            assertThat(Files.readAttributes(socket.path(), "unix:ino").get("ino"))
                    .isNotEqualTo(stale);
        }
    }

    @Test
    void stoppedServer_isAlive() {
        try (Child stopped = Child.starter()) {
            assertThat(stopped.ask("take " + place.path)).isEqualTo("taken BOUND");
            stopped.signal("STOP");
            ServiceSocketException refusal = refusal(place.path);
            assertThat(refusal.reason()).isEqualTo(Reason.SERVED);
            assertThat(refusal.servedBy().orElseThrow().pid()).hasValue(stopped.pid());
            stopped.signal("CONT");
        }
    }

    @Test
    void fullBacklog_isAlive() throws IOException {
        List<SocketChannel> connections = new ArrayList<>();
        try (ServiceSocket socket = ServiceSocket.builder(place.path).backlog(0).take()) {
            SocketChannel filling = SocketChannel.open(StandardProtocolFamily.UNIX);
            connections.add(filling);
            assertThat(filling.connect(UnixDomainSocketAddress.of(socket.path())))
                    .isTrue();
            ServiceSocketException refusal = refusal(place.path);
            assertThat(refusal.reason()).isEqualTo(Reason.SERVED);
            assertThat(refusal.servedBy()).isEmpty();
            assertThat(refusal).hasMessageContaining("the backlog stayed full for 1000 ms");
        } finally {
            for (SocketChannel connection : connections) {
                connection.close();
            }
        }
    }

    @Test
    void childThatHoldsTheListenerOfADeadServer_serves() {
        try (Child parent = Child.run(List.of(Programs.PEER.toString(), "inherit", place.path.toString()))) {
            assertThat(parent.line()).isEqualTo("there");
            parent.signal("KILL");
            assertThat(parent.exitCode()).isEqualTo(137);
            ServiceSocketException refusal = refusal(place.path);
            assertThat(refusal.reason()).isEqualTo(Reason.SERVED);
            ServedBy who = refusal.servedBy().orElseThrow();
            assertThat(who.pid()).hasValue(parent.pid());
            assertThat(who.running().orElseThrow()).isFalse();
            assertThat(who.since().value()).isEmpty();
            assertThat(refusal)
                    .hasMessageEndingWith("(that process has ended; another one that inherited the socket serves)");
            // Neither is it signalled, nor waited for.
            try (RunningService running = RunningService.find(place.path)) {
                assertThatThrownBy(() -> running.signal(15))
                        .isInstanceOfSatisfying(ServiceSocketException.class, e -> assertThat(e.reason())
                                .isEqualTo(Reason.NO_EXACT_PROCESS))
                        .hasMessageContaining("has ended; another process that inherited the socket serves");
                assertThatThrownBy(running::awaitExit).isInstanceOf(ServiceSocketException.class);
            } catch (ServiceSocketException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void whatIsNoSocket_isRefused_andLeftAlone() throws IOException {
        Files.writeString(place.path, "precious");
        assertThat(refusal(place.path))
                .hasMessage(place.path + ": is no socket but a regular file")
                .extracting(ServiceSocketException::reason)
                .isEqualTo(Reason.NOT_A_SOCKET);
        assertThat(place.path).hasContent("precious");
        Files.delete(place.path);
        Files.createSymbolicLink(place.path, place.folder.resolve("elsewhere"));
        assertThat(refusal(place.path)).hasMessage(place.path + ": is no socket but a symbolic link");
        Files.delete(place.path);
        Files.createDirectory(place.path);
        assertThat(refusal(place.path)).hasMessage(place.path + ": is no socket but a folder");
        assertThat(place.files()).containsExactly("socket", "socket.lock");
    }

    @Test
    void fileThatAppearsMeanwhile_isNotReplaced() {
        ServiceSocket.Builder builder = ServiceSocket.builder(place.path);
        builder.observer = step -> {
            if (step == Step.RENAME) {
                try {
                    Files.writeString(place.path, "precious");
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        };
        assertThat(refusal(builder)).hasMessageContaining("(it exists)");
        assertThat(place.path).hasContent("precious");
        assertThat(place.files()).containsExactly("socket", "socket.lock");
    }

    @Test
    void folderThatOthersCanWrite_isRefused() throws IOException {
        for (String mode : List.of("rwxrwx---", "rwxr-x-w-")) {
            Files.setPosixFilePermissions(place.folder, PosixFilePermissions.fromString(mode));
            assertThat(refusal(place.path))
                    .hasMessageStartingWith(place.folder + ": others than root and this process's user may write to")
                    .extracting(ServiceSocketException::reason)
                    .isEqualTo(Reason.UNTRUSTED_PATH);
        }
        assertThat(place.files()).isEmpty();
        assertThat(refusal(Path.of("/tmp/netty-peercred-never-made")).reason()).isEqualTo(Reason.UNTRUSTED_PATH);
        Files.setPosixFilePermissions(place.folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path link = Files.createSymbolicLink(place.folder.resolve("link"), place.folder);
        assertThat(refusal(link.resolve("socket"))).hasMessageStartingWith(link + ": is a symbolic link");
        // By names alone it would be the folder's; to the kernel it is one in the folder above the link's target.
        assertThat(refusal(link.resolve("../socket"))).hasMessageStartingWith(link + ": is a symbolic link");
        assertThat(refusal(place.folder.resolve("../socket")).reason()).isEqualTo(Reason.UNTRUSTED_PATH);
        assertThat(place.files()).containsExactly("link");
    }

    @Test
    void folderOfAnotherUser_isRefused() throws IOException {
        Place.assumeRoot();
        Files.setAttribute(place.folder, "unix:uid", 1000);
        assertThat(refusal(place.path))
                .hasMessage(place.folder + ": belongs to another user than root and this process's, who could change"
                        + " what is in it; do this as that user, or use a folder of root's")
                .extracting(ServiceSocketException::reason)
                .isEqualTo(Reason.UNTRUSTED_PATH);
        assertThat(place.files()).isEmpty();
    }

    @Test
    void longestPath_isTaken_andALongerOneRefused() throws ServiceSocketException {
        String name =
                "n".repeat(SocketFolder.LONGEST_PATH - place.folder.toString().length() - 1);
        assertThat(SocketFolder.LONGEST_PATH).isEqualTo(101);
        try (ServiceSocket socket = ServiceSocket.builder(place.folder.resolve(name))
                .offerHandOver()
                .take()) {
            assertThat(socket.path()).exists();
        }
        assertThat(refusal(place.folder.resolve(name + 'n')).reason()).isEqualTo(Reason.TOO_LONG);
    }

    @Test
    void lockThatIsKept_isToldOf() throws IOException {
        ServiceSocket.Builder inner = ServiceSocket.builder(place.path);
        inner.lockPatience = Duration.ofMillis(50);
        List<Reason> reasons = new ArrayList<>();
        ServiceSocket.Builder outer = ServiceSocket.builder(place.path);
        outer.observer = step -> {
            if (step == Step.PROBE) {
                reasons.add(refusal(inner).reason());
            }
        };
        outer.take().close();
        assertThat(reasons).containsExactly(Reason.LOCKED);
    }

    @Test
    void lockThatOthersCouldHold_isRefused() throws IOException {
        Path lock = place.folder.resolve("socket.lock");
        Files.createFile(lock);
        Files.setPosixFilePermissions(lock, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(refusal(place.path))
                .hasMessage(lock + ": others may open it, and could hold it; chmod 600 " + lock)
                .extracting(ServiceSocketException::reason)
                .isEqualTo(Reason.UNTRUSTED_PATH);
        Files.delete(lock);
        Files.createSymbolicLink(lock, Path.of("/etc/passwd"));
        assertThat(refusal(place.path)).hasMessageContaining("socket.lock: openat(2) failed with errno 40");
        Files.delete(lock);
        Files.createDirectory(lock);
        assertThat(refusal(place.path)).hasMessageContaining("socket.lock: openat(2) failed with errno 21");
        if (Place.isRoot()) {
            Files.delete(lock);
            Files.createFile(lock, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.setAttribute(lock, "unix:uid", 1000);
            assertThat(refusal(place.path)).hasMessage(lock + ": belongs to user 1000, who could hold it; remove it");
        }
    }

    @Test
    void lockRemovedWhileItIsWaitedFor_isLockedAnew() throws IOException {
        Path lock = place.folder.resolve("socket.lock");
        List<Step> steps = new ArrayList<>();
        ServiceSocket.Builder outer = ServiceSocket.builder(place.path);
        ServiceSocket.Builder inner = ServiceSocket.builder(place.path);
        inner.lockPatience = Duration.ofMillis(50);
        outer.observer = step -> {
            steps.add(step);
            if (steps.equals(List.of(Step.LOCK))) {
                try {
                    Files.delete(lock); // the one that it has opened
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            } else if (step == Step.PROBE) {
                assertThat(refusal(inner).reason()).isEqualTo(Reason.LOCKED);
            }
        };
        outer.take().close();
        assertThat(steps).startsWith(Step.LOCK, Step.LOCK, Step.PROBE);
    }

    @Test
    void close_leavesASuccessorsSocket() throws IOException {
        ServiceSocket first = ServiceSocket.builder(place.path).take();
        // As if an operator had removed the file, and a second server had been started.
        Files.delete(place.path);
        try (ServiceSocket second = ServiceSocket.builder(place.path).take()) {
            first.close();
            first.close();
            assertThat(second.path()).exists();
            assertThat(place.listenerPid())
                    .isEqualTo((int) ProcessHandle.current().pid());
        }
        assertThat(place.path).doesNotExist();
    }

    @Test
    void close_leavesAStaleSocketThatIsNotItsOwn() throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            ServiceSocket socket = ServiceSocket.builder(place.path).take();
            Channel server = socket.serve(new ServerBootstrap().group(group).childHandler(new Closer()))
                    .syncUninterruptibly()
                    .channel();
            // Now nothing but its own descriptor of the file keeps the inode's number from being used again, as ext4
            // does at once.
            Files.delete(place.path);
            server.close().syncUninterruptibly();
            place.makeStale();
            socket.close();
            assertThat(place.path).exists();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void close_leavesTheFile_whileAChildHoldsTheListener() throws Exception {
        try (Child server = Child.starter()) {
            assertThat(server.ask("take " + place.path)).isEqualTo("taken BOUND");
            String fd = listenerOf(server);
            try (Child holder = Child.run(List.of(Programs.HOLDER.toString(), Integer.toString(server.pid()), fd))) {
                assertThat(holder.line()).isEqualTo("holds");
                assertThat(server.ask("close")).isEqualTo("closed");
                assertThat(place.path).exists();
                assertThat(refusal(place.path).reason()).isEqualTo(Reason.SERVED);
            }
            ServiceSocket.builder(place.path).take().close();
            assertThat(place.path).doesNotExist();
        }
    }

    /** The last socket that it made. */
    private static String listenerOf(Child server) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/" + server.pid() + "/fd"))) {
            return all.filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).toString().startsWith("socket:");
                        } catch (IOException e) {
                            return false;
                        }
                    })
                    .map(fd -> Integer.parseInt(fd.getFileName().toString()))
                    .max(Integer::compare)
                    .orElseThrow()
                    .toString();
        }
    }

    @Test
    void closedServerChannel_doesNotRemoveTheFile() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (ServiceSocket socket = ServiceSocket.builder(place.path).take()) {
            ServerBootstrap bootstrap = new ServerBootstrap().group(group).childHandler(new Closer());
            Channel server = socket.serve(bootstrap).sync().channel();
            assertThat(server.isActive()).isTrue();
            assertThat(Clients.ask(place.path)).isEmpty();
            assertThatThrownBy(() -> socket.serve(bootstrap)).isInstanceOf(IllegalStateException.class);
            server.close().sync();
            assertThat(place.path).exists();
            assertThatThrownBy(() -> Clients.ask(place.path)).hasMessageContaining("refused");
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
        assertThat(place.path).doesNotExist();
    }

    @io.netty.channel.ChannelHandler.Sharable
    private static final class Closer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(io.netty.channel.ChannelHandlerContext ctx) {
            ctx.close();
        }
    }

    @Test
    void descriptors_areClosed() throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            long before = -1;
            for (int round = 0; round < 20; round++) {
                try (ServiceSocket socket =
                        ServiceSocket.builder(place.path).offerHandOver().take()) {
                    if (round % 2 == 0) {
                        socket.serve(new ServerBootstrap().group(group).childHandler(new Closer()))
                                .syncUninterruptibly();
                        assertThat(Clients.ask(place.path)).isEmpty();
                    }
                    assertThat(refusal(place.path).reason()).isEqualTo(Reason.SERVED);
                    assertThat(refusal(ServiceSocket.builder(place.folder)).reason())
                            .isEqualTo(Reason.NOT_A_SOCKET);
                    place.listenerPid();
                }
                Files.deleteIfExists(place.folder.resolveSibling(place.folder.getFileName() + ".lock"));
                if (round == 4) {
                    before = descriptors(); // all classes are loaded by now
                }
            }
            assertThat(descriptors()).isEqualTo(before);
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
