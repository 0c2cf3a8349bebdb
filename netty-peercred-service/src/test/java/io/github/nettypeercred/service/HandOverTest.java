// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Received;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a path goes from one process to another without a refused connection, and its credentials with it. */
@Timeout(value = 200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HandOverTest {
    private static final int HAND_OVERS = 3;

    @Test
    void handOvers_refuseNoConnection_andClientsSeeTheSuccessor() {
        List<Child> servers = new ArrayList<>();
        try (Place place = new Place()) {
            Child serving = Child.starter();
            servers.add(serving);
            String fds = serving.ask("fds");
            assertThat(serving.ask("take " + place.path + " offer mode=0640")).isEqualTo("taken BOUND");
            assertThat(serving.ask("serve")).isEqualTo("serves");
            try (Clients clients = new Clients(place.path)) {
                clients.awaitAnswerOf(serving);
                for (int i = 0; i < HAND_OVERS; i++) {
                    Child successor = Child.starter();
                    servers.add(successor);
                    assertThat(successor.ask("take " + place.path + " takeover offer"))
                            .isEqualTo("taken HANDED_OVER");
                    assertThat(place.listenerPid()).isEqualTo(successor.pid());
                    assertThat(serving.line()).isEqualTo("handed over");
                    assertThat(successor.ask("serve")).isEqualTo("serves");
                    clients.awaitAnswerOf(successor);
                    assertThat(serving.ask("close")).isEqualTo("closed");
                    assertThat(place.listenerPid()).isEqualTo(successor.pid());
                    Child closed = serving;
                    await().until(() -> closed.ask("fds").equals(fds));
                    serving = successor;
                }
                assertThat(clients.failures).isEmpty();
                System.out.println(HAND_OVERS + " hand-overs, connections by server: " + clients.answers);
            }
            assertThat(place.files()).containsExactly("socket", "socket.handover", "socket.lock");
            assertThat(serving.ask("close")).isEqualTo("closed");
            assertThat(place.files()).containsExactly("socket.lock");
        } finally {
            servers.forEach(Child::close);
        }
    }

    @Test
    void serverWithAFullBacklog_isTakenOver_andWhatWaitsIsServed() throws IOException {
        try (Place place = new Place();
                Child serving = Child.starter();
                Child successor = Child.starter()) {
            assertThat(serving.ask("take " + place.path + " offer backlog=0")).isEqualTo("taken BOUND");
            assertThat(serving.ask("serve paused")).isEqualTo("serves");
            try (SocketChannel waiting = SocketChannel.open(UnixDomainSocketAddress.of(place.path))) {
                assertThat(successor.ask("take " + place.path)).startsWith("refused SERVED -1 ");
                assertThat(successor.ask("take " + place.path + " takeover backlog=8"))
                        .isEqualTo("taken HANDED_OVER");
                assertThat(serving.line()).isEqualTo("handed over");
                assertThat(successor.ask("serve")).isEqualTo("serves");
                assertThat(Clients.answer(waiting)).isEqualTo(Integer.toString(successor.pid()));
            }
            assertThat(place.listenerPid()).isEqualTo(successor.pid());
            // It offers nothing, so nobody shall ask there.
            assertThat(place.files()).containsExactly("socket", "socket.lock");
            assertThat(successor.ask("close")).isEqualTo("closed");
            assertThat(serving.ask("close")).isEqualTo("closed");
            assertThat(place.files()).containsExactly("socket.lock");
        }
    }

    @Test
    void fileWhereTheOfferBelongs_isRefused_beforeAnythingIsTaken() throws IOException {
        try (Place place = new Place();
                Child serving = Child.starter()) {
            Files.writeString(place.folder.resolve("socket.handover"), "precious");
            assertThat(serving.ask("take " + place.path + " offer"))
                    .isEqualTo("refused NOT_A_SOCKET -1 " + place.path + ".handover: is no socket but a regular file");
            assertThat(place.files()).containsExactly("socket.handover", "socket.lock");
            assertThat(serving.ask("take " + place.path)).isEqualTo("taken BOUND");
            assertThat(serving.ask("close")).isEqualTo("closed");
            assertThat(place.files()).containsExactly("socket.handover", "socket.lock");
        }
    }

    @Test
    void successorKilledBeforeItAsks_leavesThePredecessorServing() {
        try (Place place = new Place();
                Child serving = Child.starter()) {
            assertThat(serving.ask("take " + place.path + " offer")).isEqualTo("taken BOUND");
            assertThat(serving.ask("serve")).isEqualTo("serves");
            try (Child successor = Child.starter()) {
                assertThat(successor.ask("take " + place.path + " takeover pause"))
                        .isEqualTo("at LOCK");
                assertThat(successor.ask("go")).isEqualTo("at PROBE");
                successor.signal("KILL");
                assertThat(successor.exitCode()).isEqualTo(137);
            }
            try (Clients clients = new Clients(place.path)) {
                clients.awaitAnswerOf(serving);
                assertThat(clients.failures).isEmpty();
            }
            assertThat(place.listenerPid()).isEqualTo(serving.pid());
        }
    }

    @Test
    void successorThatGoesAway_orNoLongerListens_leavesThePredecessorServing() throws Exception {
        try (Place place = new Place();
                Child serving = Child.starter()) {
            assertThat(serving.ask("take " + place.path + " offer")).isEqualTo("taken BOUND");
            assertThat(serving.ask("serve")).isEqualTo("serves");
            String fds = serving.ask("fds");
            for (boolean ready : List.of(false, true)) {
                int connection = connectToControl(place);
                Received received = ServiceCalls.receive(connection, 5000);
                assertThat(received.data()).isEqualTo(HandOverClient.DESCRIPTORS);
                if (ready) {
                    // As after five seconds: it will take no go any more.
                    ServiceCalls.refuseMore(connection);
                    ServiceCalls.send(connection, HandOverClient.READY, -1, -1);
                    assertThatThrownBy(() -> ServiceCalls.receive(connection, 1000))
                            .isInstanceOf(IOException.class);
                }
                ServiceCalls.close(connection);
                ServiceCalls.close(received.first());
                ServiceCalls.close(received.second());
                try (Clients clients = new Clients(place.path)) {
                    clients.awaitAnswerOf(serving);
                    assertThat(clients.failures).isEmpty();
                }
                await().until(() -> serving.ask("fds").equals(fds));
            }
            assertThat(place.listenerPid()).isEqualTo(serving.pid());
        }
    }

    private static int connectToControl(Place place) throws IOException {
        try (SocketFolder folder = SocketFolder.open(place.path);
                HeldSocket control = folder.hold(folder.name + HandOverClient.SUFFIX)) {
            return ServiceCalls.connect(Objects.requireNonNull(control).fd(), 1000);
        }
    }

    @Test
    void predecessorThatOffersNothing_keepsThePath() {
        try (Place place = new Place();
                Child serving = Child.starter();
                Child successor = Child.starter()) {
            assertThat(serving.ask("take " + place.path)).isEqualTo("taken BOUND");
            assertThat(successor.ask("take " + place.path + " takeover"))
                    .startsWith("refused SERVED " + serving.pid() + " ")
                    .contains(": is served by pid " + serving.pid() + ", uid ")
                    .endsWith(", which did not hand it over: it offers no hand-over");
            assertThat(place.listenerPid()).isEqualTo(serving.pid());
        }
    }

    @Test
    void predecessorThatDoesNotAnswer_keepsThePath() {
        try (Place place = new Place();
                Child serving = Child.starter();
                Child successor = Child.starter()) {
            assertThat(serving.ask("take " + place.path + " offer")).isEqualTo("taken BOUND");
            assertThat(serving.ask("serve")).isEqualTo("serves");
            serving.signal("STOP");
            assertThat(successor.ask("take " + place.path + " takeover"))
                    .startsWith("refused SERVED " + serving.pid() + " ");
            serving.signal("CONT");
            try (Clients clients = new Clients(place.path)) {
                clients.awaitAnswerOf(serving);
                assertThat(clients.failures).isEmpty();
            }
            assertThat(place.listenerPid()).isEqualTo(serving.pid());
            // The question that the stopped one had in its queue has come to nothing, so that another one is answered.
            assertThat(successor.ask("take " + place.path + " takeover")).isEqualTo("taken HANDED_OVER");
            assertThat(serving.line()).isEqualTo("handed over");
        }
    }

    @Test
    void activatedServer_refusesNoConnection_andClientsSeeItself() {
        try (Place place = new Place()) {
            List<String> command = new ArrayList<>(List.of(Programs.ACTIVATOR.toString(), place.path.toString()));
            command.addAll(Child.starterCommand("take " + place.path, "serve"));
            try (Child activator = Child.run(command)) {
                assertThat(activator.line()).isEqualTo("listens");
                assertThat(place.listenerPid()).isEqualTo(activator.pid());
                try (Clients clients = new Clients(place.path)) {
                    String there = activator.ask("start");
                    int pid = Integer.parseInt(there.substring("there ".length()));
                    assertThat(activator.line()).isEqualTo("taken ACTIVATED");
                    assertThat(place.listenerPid()).isEqualTo(pid);
                    assertThat(activator.line()).isEqualTo("serves");
                    await().until(() -> clients.answers.getOrDefault(Integer.toString(pid), 0) > 20);
                    assertThat(clients.failures).isEmpty();
                }
                assertThat(Files.exists(place.path)).as("the activator's file").isTrue();
            }
        }
    }

    @Test
    void activatedServer_whosePathAnotherOneServes_isToldWho() throws IOException {
        try (Place place = new Place();
                Child other = Child.starter()) {
            List<String> command = new ArrayList<>(List.of(Programs.ACTIVATOR.toString(), place.path.toString()));
            command.addAll(Child.starterCommand("take " + place.path));
            try (Child activator = Child.run(command)) {
                assertThat(activator.line()).isEqualTo("listens");
                Files.delete(place.path);
                assertThat(other.ask("take " + place.path)).isEqualTo("taken BOUND");
                assertThat(activator.ask("start")).startsWith("there ");
                assertThat(activator.line())
                        .startsWith("refused SERVED " + other.pid() + " " + place.path
                                + ": this process was started with another socket of that path");
            }
            assertThat(place.listenerPid()).isEqualTo(other.pid());
        }
    }

    @Test
    void systemdSocketActivate_startsTheServer() throws IOException {
        Path program = Path.of("/usr/bin/systemd-socket-activate");
        assumeTrue(
                Files.isExecutable(program),
                "systemd-socket-activate is not installed (Debian: apt-get install systemd)");
        try (Place place = new Place()) {
            List<String> command = new ArrayList<>(List.of(program.toString(), "-l", place.path.toString(), "--"));
            command.addAll(Child.starterCommand("take " + place.path, "serve"));
            try (Child activated = Child.run(command)) {
                await().until(() -> Files.exists(place.path));
                try (Clients clients = new Clients(place.path)) {
                    assertThat(activated.line()).isEqualTo("there " + activated.pid());
                    assertThat(activated.line()).isEqualTo("taken ACTIVATED");
                    assertThat(activated.line()).isEqualTo("serves");
                    clients.awaitAnswerOf(activated);
                    assertThat(clients.failures).isEmpty();
                    assertThat(place.listenerPid()).isEqualTo(activated.pid());
                    try (Child second = Child.starter()) {
                        assertThat(second.ask("take " + place.path))
                                .startsWith("refused SERVED " + activated.pid() + " ");
                    }
                }
                assertThat(activated.ask("close")).isEqualTo("closed");
                assertThat(Files.exists(place.path)).as("the activator's file").isTrue();
            }
        }
    }
}
