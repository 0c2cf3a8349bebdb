// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.jni.NativeAccountDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccountMapTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private AccountMap map(String text) throws IOException {
        Path file = folder.resolve("subuid");
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
        return AccountMap.ofSubuid(file, new NativeAccountDatabase());
    }

    @Test
    void range_countsToItsOwner_byNumberAndByName() throws IOException {
        AccountMap map = map("1000:100000:65536\ndaemon:165536:65536\n");
        assertThat(map.problems()).isEmpty();
        assertThat(map.accountOf(99_999)).isEqualTo(99_999);
        assertThat(map.accountOf(100_000)).isEqualTo(1000);
        assertThat(map.accountOf(165_535)).isEqualTo(1000);
        assertThat(map.accountOf(165_536)).isEqualTo(1); // daemon's uid
        assertThat(map.accountOf(231_071)).isEqualTo(1);
        assertThat(map.accountOf(231_072)).isEqualTo(231_072);
        assertThat(map.accountOf(0)).isZero();
        assertThat(map.accountOf(0xFFFF_FFFEL)).isEqualTo(0xFFFF_FFFEL);
    }

    @Test
    void rangeOfRoot_isAnAccountOfItsOwn_andYields() throws IOException {
        AccountMap map = map("root:1000:1\n0:100000:200000\n1000:165536:10\n");
        assertThat(map.accountOf(1000)).isEqualTo(1000);
        assertThat(map.accountOf(100_005)).isEqualTo(100_000);
        assertThat(map.accountOf(165_540)).isEqualTo(1000);
        assertThat(map.accountOf(165_546)).isEqualTo(100_000);
        assertThat(map.problems()).singleElement().asString().contains("line 2").contains("overlaps");
    }

    @Test
    void wrongLines_areReported_andTheOthersCount() throws IOException {
        AccountMap map = map("nobody-has-this-name:5000:10\n\n# comment\nx:1\n1001:6000:-1\n1001:4294967295:1\n"
                + "1001:4294967294:1\n1001:99999999999:1\n:1:1\n1002:7000:0\n\u00ff:8000:5\n1003:9000:3:\n1004:9000:3");
        assertThat(map.accountOf(5007)).isEqualTo(5000);
        assertThat(map.accountOf(8004)).isEqualTo(8000);
        assertThat(map.accountOf(0xFFFF_FFFEL)).isEqualTo(1001);
        assertThat(map.accountOf(9001)).isEqualTo(1004);
        assertThat(map.problems()).hasSize(9);
        assertThat(map.problems().get(0)).endsWith("line 1: the owner is not known: the range counts to its first uid");
        assertThat(map.problems().get(1)).endsWith("line 4: it is not owner:first:count, and counts for nothing");
    }

    @Test
    void noFile_isTheIdentity_aFolderAnError() throws IOException {
        AccountMap map = AccountMap.ofSubuid(folder.resolve("missing"), new NativeAccountDatabase());
        assertThat(map.accountOf(100_000)).isEqualTo(100_000);
        assertThatThrownBy(() -> AccountMap.ofSubuid(folder, new NativeAccountDatabase()))
                .isInstanceOf(IOException.class);
        AccountMap.ofSystem(new NativeAccountDatabase());
    }

    @Test
    void randomRanges_theFirstCounts() {
        for (long seed = 1; seed <= 200; seed++) {
            Random random = new Random(seed);
            AccountMap.Builder builder = AccountMap.builder();
            long[] expected = new long[200];
            for (int uid = 0; uid < expected.length; uid++) {
                expected[uid] = uid;
            }
            boolean[] taken = new boolean[expected.length];
            for (int i = 0; i < 12; i++) {
                int first = random.nextInt(190);
                int count = 1 + random.nextInt(Math.min(40, 200 - first));
                builder.range(first, count, 1000 + i);
                for (int uid = first; uid < first + count; uid++) {
                    expected[uid] = taken[uid] ? expected[uid] : 1000 + i;
                    taken[uid] = true;
                }
            }
            AccountMap map = builder.build();
            for (int uid = 0; uid < expected.length; uid++) {
                assertThat(map.accountOf(uid)).as("seed %d uid %d", seed, uid).isEqualTo(expected[uid]);
            }
        }
    }

    @Test
    void rangeThatIsNone_isRefused() {
        AccountMap.Builder builder = AccountMap.builder();
        assertThatThrownBy(() -> builder.range(0xFFFF_FFFFL, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.range(0, 0xFFFF_FFFFL + 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.range(5, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.range(5, 1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(builder.range(0, 0xFFFF_FFFFL, 3).build().accountOf(0xFFFF_FFFEL))
                .isEqualTo(3);
    }
}
