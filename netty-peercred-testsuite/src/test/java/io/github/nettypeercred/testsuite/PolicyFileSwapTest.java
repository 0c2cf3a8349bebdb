// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.PolicyException;
import io.github.nettypeercred.spi.TrustedFileException;
import io.github.nettypeercred.spi.TrustedFileException.Defect;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Policy files that are not to be trusted, and such as are swapped for others while they are read. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyFileSwapTest {
    private static final int LOADS = 10_000;
    private static final String TRUSTED = policy("trusted");
    private static final String EVIL = policy("evil");

    private Path base = Path.of("/");
    private Path folder = Path.of("/");
    private Path file = Path.of("/");

    private static String policy(String name) {
        return "[[rule]]\nname = \"" + name + "\"\ndecision = \"allow\"\nuser = \"@any\"\n";
    }

    @BeforeAll
    static void root() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "left out: files of other users need root, and these tests do not run as root");
    }

    @BeforeEach
    void write() throws IOException {
        base = Files.createTempDirectory(Path.of(System.getProperty("user.home")), ".peercred")
                .toRealPath();
        folder = Files.createDirectory(base.resolve("conf"));
        file = Files.writeString(folder.resolve("peers.toml"), TRUSTED);
        chmod(folder, "rwxr-xr-x");
        chmod(file, "rw-r--r--");
    }

    @AfterEach
    void delete() throws IOException {
        try (Stream<Path> all = Files.walk(base)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private static void chmod(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static void chown(Path path, int uid) throws IOException {
        Files.setAttribute(path, "unix:uid", uid);
    }

    private static Defect defectOf(PolicyException e) {
        return ((TrustedFileException) Objects.requireNonNull(e.getCause())).defect();
    }

    /** Loads again and again, and returns what came of it, null for the trusted policy. */
    private Map<Defect, Integer> loads(int atLeast) {
        Map<Defect, Integer> refused = new EnumMap<>(Defect.class);
        int loaded = 0;
        for (int i = 0; i < LOADS; i++) {
            try {
                assertThat(PeerPolicy.load(file).rules().get(0).name()).isEqualTo("trusted");
                loaded++;
            } catch (PolicyException e) {
                refused.merge(defectOf(e), 1, Integer::sum);
            }
        }
        System.out.println("PolicyFileSwapTest: " + loaded + " loaded, refused " + refused);
        assertThat(loaded).isGreaterThan(atLeast);
        assertThat(refused.values().stream().mapToInt(count -> count).sum()).isGreaterThan(atLeast);
        return refused;
    }

    @Test
    void file_swappedForAnothers_isNeverRead() throws IOException {
        Path evil = Files.writeString(folder.resolve("evil.toml"), EVIL);
        chown(evil, 1000);
        try (Peer swapper = Peer.start("swap", file.toString(), evil.toString())) {
            assertThat(swapper.line()).isEqualTo("swapping");
            // A rename changes the time of a file's status, and so the file that is being read.
            assertThat(loads(100).keySet()).contains(Defect.OWNER).isSubsetOf(Defect.OWNER, Defect.CHANGED);
        }
    }

    @Test
    void folder_swappedForAnOpenOne_isNeverReadFrom() throws IOException {
        Path evil = Files.createDirectory(base.resolve("evil"));
        chmod(Files.writeString(evil.resolve("peers.toml"), EVIL), "rw-r--r--");
        chmod(evil, "rwxrwxrwx");
        try (Peer swapper = Peer.start("swap", folder.toString(), evil.toString())) {
            assertThat(swapper.line()).isEqualTo("swapping");
            assertThat(loads(100)).containsOnlyKeys(Defect.WRITABLE);
        }
    }

    @Test
    void folder_swappedForASymbolicLink_isNeverReadFrom() throws IOException {
        Path evil = Files.createDirectory(base.resolve("evil"));
        Files.writeString(evil.resolve("peers.toml"), EVIL);
        Path link = Files.createSymbolicLink(base.resolve("link"), evil);
        try (Peer swapper = Peer.start("swap", folder.toString(), link.toString())) {
            assertThat(swapper.line()).isEqualTo("swapping");
            assertThat(loads(100).keySet()).isSubsetOf(Defect.SYMBOLIC_LINK, Defect.NOT_A_FOLDER, Defect.FAILED);
        }
    }

    @Test
    void file_thatGrows_isNeverReadInPart() throws IOException {
        try (Peer writer = Peer.start("grow", file.toString())) {
            assertThat(writer.line()).isEqualTo("growing");
            int refused = 0;
            for (int i = 0; i < 50; i++) {
                try {
                    PeerPolicy.load(file);
                } catch (PolicyException e) {
                    assertThat(defectOf(e)).isIn(Defect.CHANGED, Defect.TOO_LARGE);
                    refused++;
                }
            }
            assertThat(refused).isPositive();
        }
    }

    @Test
    void descriptors_areClosed() throws IOException {
        for (int i = 0; i < 10; i++) {
            PeerPolicy.load(file);
        }
        long before = Descriptors.settled();
        for (int i = 0; i < 100; i++) {
            PeerPolicy.load(file);
            assertThatThrownBy(() -> PeerPolicy.load(folder)).isInstanceOf(PolicyException.class);
        }
        assertThat(Descriptors.settled()).isEqualTo(before);
    }

    private void assertRefused(Path path, String message) {
        assertThatThrownBy(() -> PeerPolicy.load(path))
                .isInstanceOf(PolicyException.class)
                .hasMessage(path + ": not read: " + message);
    }

    @Test
    void whatIsNotToBeTrusted_isRefused_withWhatToDo() throws IOException {
        assertThat(PeerPolicy.load(file).rules().get(0).name()).isEqualTo("trusted");
        assertRefused(Path.of("peers.toml"), "peers.toml: the path is relative; name the file from / on");
        assertRefused(
                folder.resolve("../conf/peers.toml"),
                folder + "/..: the path has an empty component, \".\" or \"..\" there; name the file without it");
        assertRefused(folder.resolve("none"), folder + "/none: does not exist");
        assertRefused(file.resolve("none"), file + ": is no folder");
        assertRefused(folder, folder + ": is no regular file");

        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        assertRefused(link, link + ": is a symbolic link; name what it points to (readlink -f " + link + ")");
        Files.delete(link);

        Path second = Files.createLink(base.resolve("second"), file);
        assertRefused(file, file + ": has 2 hard links, and must have one; copy it to a new file");
        Files.delete(second);

        chmod(file, "rw-rw-r--");
        assertRefused(file, file + ": has mode 664, so that others may write to it; chmod go-w " + file);
        chmod(file, "rw-r--r--");
        chmod(folder, "rwxr-xrwx");
        assertRefused(file, folder + ": has mode 757, so that others may write to it; chmod go-w " + folder);
        chmod(folder, "rwxr-xr-x");

        chown(folder, 1000);
        assertRefused(
                file, folder + ": belongs to user 1000, who is neither root nor this server's; chown root " + folder);
        chown(folder, 0);

        Path sticky = Files.createTempFile("peercred", ".toml");
        assertRefused(
                sticky,
                "/tmp: has mode 1777, so that others may write to it; put the file into another folder, such as /etc");
        Files.delete(sticky);

        Path huge = folder.resolve("huge");
        try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
            sparse.setLength((16 << 20) + 1);
        }
        assertRefused(huge, huge + ": is longer than 16777216 bytes");

        Path fifo = folder.resolve("fifo");
        List<String> mkfifo = new ArrayList<>(List.of("mkfifo", fifo.toString()));
        try (Peer maker = Peer.startProgram(mkfifo)) {
            assertThat(maker.exit()).isZero();
        }
        assertRefused(fifo, fifo + ": is no regular file");
    }

    @Test
    void fileOfSixteenMebibytes_isRead() {
        StringBuilder text = new StringBuilder(TRUSTED);
        text.append("#".repeat((16 << 20) - TRUSTED.length()));
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(PeerPolicy.load(file).rules()).hasSize(1);
    }
}
