// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.nettypeercred.service.ServiceSocketException.Reason;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunningServiceTest {
    private static final int SIGTERM = 15;

    private static Reason reason(Place place) {
        return catchThrowableOfType(ServiceSocketException.class, () -> RunningService.find(place.path))
                .reason();
    }

    @Test
    void signal_reachesTheServer_andItsExitIsAwaited() throws Exception {
        try (Place place = new Place();
                Child server = Child.starter()) {
            assertThat(server.ask("take " + place.path)).isEqualTo("taken BOUND");
            try (RunningService running = RunningService.find(place.path).requireUser(Place.id("uid"))) {
                assertThat(running.pid()).hasValue(server.pid());
                assertThat(running.uid()).isEqualTo(Place.id("uid"));
                running.signal(0);
                running.signal(SIGTERM);
                running.awaitExit();
                assertThat(server.exitCode()).isEqualTo(128 + SIGTERM);
                assertThatThrownBy(() -> running.signal(SIGTERM))
                        .isInstanceOfSatisfying(ServiceSocketException.class, e -> assertThat(e.reason())
                                .isEqualTo(Reason.NO_EXACT_PROCESS));
            }
            assertThat(reason(place)).isEqualTo(Reason.NOT_SERVED);
        }
    }

    @Test
    void otherUser_isRefused() throws Exception {
        try (Place place = new Place();
                Child server = Child.starter()) {
            assertThat(server.ask("take " + place.path)).isEqualTo("taken BOUND");
            try (RunningService running = RunningService.find(place.path)) {
                assertThatThrownBy(() -> running.requireUser(4294967290L))
                        .isInstanceOf(ServiceSocketException.class)
                        .hasMessage(place.path + ": is served by user " + Place.id("uid") + ", not 4294967290");
            }
        }
    }

    @Test
    void processOne_andOneOutOfSight_areNotSignalled() throws Exception {
        Place.assumeRoot();
        // In a pid namespace of its own: the listener is process 1 there, or was started outside of it.
        try (Place place = new Place()) {
            for (boolean listenerIsOne : List.of(true, false)) {
                String listens = Programs.PEER + " inherit " + place.path;
                String script =
                        listenerIsOne ? "echo $$ > " + place.folder + "/pid; exec " + listens : "echo there; sleep 60";
                try (Child namespace = Child.run(List.of(
                                "unshare", "--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c", script));
                        Child outside = listenerIsOne ? namespace : Child.run(List.of(listens.split(" ", -1)))) {
                    assertThat(outside.line()).isEqualTo("there");
                    if (!listenerIsOne) {
                        assertThat(namespace.line()).isEqualTo("there");
                    }
                    ProcessHandle inside = ProcessHandle.of(namespace.pid())
                            .orElseThrow()
                            .children()
                            .findFirst()
                            .orElseThrow();
                    List<String> command = new ArrayList<>(
                            List.of("nsenter", "--target", Long.toString(inside.pid()), "--pid", "--mount"));
                    command.addAll(Child.starterCommand("signal " + place.path));
                    try (Child signaller = Child.run(command)) {
                        assertThat(signaller.line()).startsWith("there ");
                        assertThat(signaller.line())
                                .startsWith("refused NO_EXACT_PROCESS ")
                                .contains(listenerIsOne ? "process 1 listens" : "not visible in this pid namespace");
                    }
                    assertThat(inside.isAlive()).isTrue();
                }
                Files.delete(place.path);
            }
        }
    }

    @Test
    void nobody_isSaidSo() {
        try (Place place = new Place()) {
            assertThat(reason(place)).isEqualTo(Reason.NOT_SERVED);
            place.makeStale();
            assertThat(reason(place)).isEqualTo(Reason.NOT_SERVED);
        }
    }
}
