// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PolicyReload.Kept;
import io.github.nettypeercred.authz.PolicyReload.Replaced;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When a policy file is read again, and which of two readings counts. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyReloadTest {
    private final List<String> told = new ArrayList<>();
    private Supplier<PolicyReload> outcome = kept("mode 775");
    private int reloads;

    private static Supplier<PolicyReload> kept(String reason) {
        return () -> new Kept(new PolicyException(reason, 0, 0, null));
    }

    @Test
    void watch_triesAgain_untilTheFileIsRead_andTellsAReasonOnce(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("peers.toml"), "one");
        PolicyWatch watch = new PolicyWatch(
                file,
                () -> {
                    reloads++;
                    return outcome.get();
                },
                reason -> told.add(String.valueOf(reason.getMessage())));
        assertRun(watch, 1, "mode 775");
        assertRun(watch, 2, "mode 775");
        outcome = kept("no such user");
        assertRun(watch, 3, "mode 775", "no such user");
        Files.writeString(file, "one and two");
        assertRun(watch, 4, "mode 775", "no such user", "no such user");
        outcome = () -> {
            throw new IllegalStateException("a test");
        };
        assertRun(watch, 5, "mode 775", "no such user", "no such user");
        outcome = () -> new Replaced(2);
        assertRun(watch, 6, "mode 775", "no such user", "no such user");
        assertRun(watch, 6, "mode 775", "no such user", "no such user");
        Files.delete(file);
        assertRun(watch, 7, "mode 775", "no such user", "no such user");
    }

    private void assertRun(PolicyWatch watch, int reloadsBy, String... reasons) {
        watch.run();
        assertThat(reloads).isEqualTo(reloadsBy);
        assertThat(told).containsExactly(reasons);
    }

    private static PeerPolicy policy(String rule) {
        return PeerPolicy.builder().allow(rule, each -> each.user(1)).build(null);
    }

    @Test
    void reloadThatReadFirst_isNotInForceLast() throws InterruptedException {
        PeerAuthorization authorization = PeerAuthorization.of(policy("zero"));
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch read = new CountDownLatch(1);
        Thread slow = new Thread(() -> authorization.reload("p", () -> {
            reading.countDown();
            try {
                assertThat(read.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return policy("old");
        }));
        Thread fast = new Thread(() -> authorization.reload("p", () -> policy("new")));
        slow.start();
        assertThat(reading.await(30, TimeUnit.SECONDS)).isTrue();
        fast.start();
        while (fast.getState() != Thread.State.BLOCKED && fast.getState() != Thread.State.TERMINATED) {
            Thread.sleep(1);
        }
        read.countDown();
        slow.join();
        fast.join();
        assertThat(authorization.policy().orElseThrow().rules().get(0).name()).isEqualTo("new");
        assertThat(authorization.generation()).isEqualTo(3);
    }
}
