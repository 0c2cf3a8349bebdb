// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.limits.AccountMap;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That each user has bytes of its own on disk, and none of another's. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LogStoreTest {
    private static final int QUOTA = (int) LogStore.LEAST_QUOTA;

    private final Path folder;

    LogStoreTest(@TempDir Path folder) {
        this.folder = folder;
    }

    static UnixPeerCredentials peer(int uid) {
        return peer(uid, 7);
    }

    private static UnixPeerCredentials peer(int uid, int pid) {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(uid, uid).pid(pid).on(channel);
        channel.pipeline().addLast(new PeerCredentialsHandler());
        try {
            channel.register();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return UnixPeerCredentials.of(channel).orElseThrow();
    }

    private static void add(LogStore store, UnixPeerCredentials sender, String text) {
        ByteBuf content = Unpooled.copiedBuffer(text, UTF_8);
        store.add(new Entry(Instant.now(), sender, content, 0, content));
    }

    private static void awaitRoom(LogStore store, int uid) {
        CountDownLatch room = new CountDownLatch(1);
        store.whenRoom(uid, room::countDown);
        try {
            room.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private long bytes(String files) throws IOException {
        long bytes = 0;
        try (Stream<Path> all = Files.list(folder)) {
            for (Path each : all.filter(file -> file.getFileName().toString().startsWith(files))
                    .toList()) {
                bytes += Files.size(each);
            }
        }
        return bytes;
    }

    @Test
    void userWhoWritesFiftyTimesTheWholeLog_evictsItsOwnRecordsAlone() throws IOException {
        int users = 5;
        UnixPeerCredentials greedy = peer(1000);
        try (LogStore store = new LogStore(folder, QUOTA, AccountMap.identity())) {
            for (int uid = 1001; uid < 1000 + users; uid++) {
                add(store, peer(uid), "the only record of " + uid);
            }
            String text = "x".repeat(4000);
            for (long written = 0; written < 50L * users * QUOTA; written += text.length()) {
                awaitRoom(store, 1000);
                add(store, greedy, text);
            }
            add(store, greedy, "the last");
        }
        for (int uid = 1001; uid < 1000 + users; uid++) {
            assertThat(Served.lines(folder, uid)).hasSize(1);
            assertThat(Served.lines(folder, uid).get(0)).endsWith(" the only record of " + uid);
        }
        assertThat(bytes("1000.")).isBetween(QUOTA / 2L - 100_000, (long) QUOTA);
        assertThat(Served.lines(folder, 1000))
                .allMatch(line -> line.contains(" uid=1000 gid=1000 pid=7 exe=?: "))
                .last()
                .asString()
                .endsWith(" the last");
    }

    @Test
    void longestLines_stayWithinTheQuota() throws IOException {
        UnixPeerCredentials greedy = peer(1000);
        for (int round = 0; round < 20; round++) {
            try (LogStore store = new LogStore(folder, QUOTA, AccountMap.identity())) {
                for (int i = 0; i < 11; i++) {
                    add(store, greedy, "\1".repeat(LogServer.MAX_LINE - 1) + "x");
                }
            }
            assertThat(bytes("1000.")).isLessThanOrEqualTo(QUOTA);
        }
    }

    /** Of the longest lines, sent by a program whose path is as long as may be, and of which each byte is escaped. */
    @Test
    void longestBatches_stayWithinTheQuota() throws IOException {
        Path deep = folder.resolve("deep");
        while (deep.toString().length() < 3800) {
            deep = deep.resolve("\\".repeat(200));
        }
        Path program =
                Files.copy(Path.of("/bin/sleep"), Files.createDirectories(deep).resolve("sleep"), COPY_ATTRIBUTES);
        Client client = Client.start(0, program.toString(), "100");
        try {
            UnixPeerCredentials sender = peer(0, (int) client.pid());
            int most = LogServer.MAX_LINE;
            for (int round = 0; round < 3; round++) {
                UserLog log = new UserLog(folder, "0", QUOTA);
                for (int length : new int[] {6600, most}) { // the first is a little less than a batch
                    ByteBuf content = Unpooled.copiedBuffer("\\".repeat(length), UTF_8);
                    log.add(new Entry(Instant.now(), sender, content, 0, content));
                }
                log.write(new Programs());
                assertThat(log.goOn()).as("one batch").isFalse();
            }
            assertThat(Files.size(folder.resolve("0.log"))).isBetween(130_000L, QUOTA / 2L);
            assertThat(bytes("0.")).isLessThanOrEqualTo(QUOTA);
        } finally {
            client.end();
        }
    }

    @Test
    void uidsOfOneOwner_shareOneQuota() throws IOException {
        AccountMap accounts = AccountMap.builder().range(100_000, 65_536, 1000).build();
        try (LogStore store = new LogStore(folder, QUOTA, accounts)) {
            add(store, peer(1000), "mine");
            add(store, peer(100_005), "in a namespace of mine");
        }
        assertThat(Served.lines(folder, 1000)).hasSize(2);
        assertThat(Served.lines(folder, 1000).get(1)).contains(" uid=100005 ");
        assertThat(bytes("100005.")).isZero();
    }

    @Test
    void dropped_isSaidInTheLog() throws IOException {
        try (LogStore store = new LogStore(folder, QUOTA, AccountMap.identity())) {
            store.drop(1000);
            store.drop(1000);
            store.dropUnknown();
        }
        assertThat(Served.lines(folder, 1000)).hasSize(1);
        assertThat(Served.lines(folder, 1000).get(0)).endsWith(" logger: received and dropped 2 lines of user 1000");
        assertThat(bytes("unknown.")).isPositive();
    }

    @Test
    void lineThatCannotBeWritten_isCounted() throws IOException {
        Path inTheWay = Files.createDirectories(folder.resolve("1000.log"));
        UserLog log = new UserLog(folder, "1000", QUOTA);
        ByteBuf content = Unpooled.copiedBuffer("lost", UTF_8);
        log.add(new Entry(Instant.now(), peer(1000), content, 0, content));
        log.write(new Programs());
        assertThat(content.refCnt()).isZero();
        log.writeDropped();
        Files.delete(inTheWay);
        log.writeDropped();
        assertThat(Served.lines(folder, 1000).get(0)).endsWith(" logger: received and dropped 1 lines of user 1000");
    }
}
