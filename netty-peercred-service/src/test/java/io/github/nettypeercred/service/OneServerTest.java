// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * That of several processes exactly one serves, in every order of their steps. Each stops before each step, and goes on when it is its turn;
 * the orders are enumerated. One that finds the lock taken gets its next turn once somebody has given it back: until then nothing it could do
 * would be another order.
 */
@Timeout(value = 500, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OneServerTest {
    private static final List<Child> STARTERS = new ArrayList<>();
    private static final int ROUNDS = 1000;

    @BeforeAll
    static void start() {
        for (int i = 0; i < 3; i++) {
            STARTERS.add(Child.starter());
        }
    }

    @AfterAll
    static void stop() {
        STARTERS.forEach(Child::close);
        STARTERS.clear();
    }

    @ParameterizedTest
    @CsvSource({"2, false", "2, true", "3, false", "3, true"})
    void inEveryOrder_oneServes_andTheOthersAreToldWho(int starters, boolean stale) {
        try (Place place = new Place()) {
            int orders = new Orders(starters) {
                @Override
                void begin(int starter) {
                    if (starter == 0 && stale) {
                        place.makeStale();
                    }
                    tell(starter, "take " + place.path + " pause");
                }

                @Override
                void check(List<String> results) {
                    giveUp(oneServer(results, place), place);
                }
            }.all();
            System.out.println(starters + " starters, stale=" + stale + ": " + orders + " orders");
            assertThat(orders).isEqualTo(starters == 2 ? 10 : 522);
        }
    }

    @Test
    void inEveryOrderWithOneThatCloses_oneServes_andTheOthersAreToldWho() {
        try (Place place = new Place()) {
            int orders = new Orders(3) {
                @Override
                void begin(int starter) {
                    if (starter == 0) {
                        Child closing = STARTERS.get(0);
                        String line = closing.ask("take " + place.path + " pause");
                        while (line.startsWith("at ")) {
                            line = closing.ask("go");
                        }
                        assertThat(line).isEqualTo("taken BOUND");
                        tell(0, "close");
                    } else {
                        tell(starter, "take " + place.path + " pause");
                    }
                }

                @Override
                void check(List<String> results) {
                    assertThat(results.get(0)).isEqualTo("closed");
                    giveUp(oneServer(results, place), place);
                }
            }.all();
            System.out.println("one closes, two start: " + orders + " orders");
            assertThat(orders).isEqualTo(400);
        }
    }

    @Test
    void undirected_oneServes_andTheOthersAreToldWho() {
        Random random = new Random(1);
        try (Place place = new Place()) {
            for (int round = 0; round < ROUNDS; round++) {
                if (random.nextBoolean()) {
                    place.makeStale();
                }
                STARTERS.forEach(starter -> starter.say("take " + place.path));
                int server = oneServer(STARTERS.stream().map(Child::line).toList(), place);
                assertThat(STARTERS.get(server).ask("close")).isEqualTo("closed");
                assertThat(place.files()).containsExactly("socket.lock");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void serverKilledBeforeAStep_leavesThePathToTheNext(Step step) {
        try (Place place = new Place()) {
            try (Child killed = Child.starter()) {
                String line = killed.ask("take " + place.path + " pause");
                while (!line.equals("at " + step)) {
                    line = killed.ask(line.equals("taken BOUND") ? "close" : "go");
                }
                killed.signal("KILL");
                assertThat(killed.exitCode()).isEqualTo(137);
            }
            Child next = STARTERS.get(0);
            assertThat(next.ask("take " + place.path)).isEqualTo("taken BOUND");
            assertThat(place.listenerPid()).isEqualTo(next.pid());
            assertThat(place.files()).containsExactly("socket", "socket.lock");
            assertThat(next.ask("close")).isEqualTo("closed");
        }
    }

    /** Checks that one serves and that each other one was told so, and returns which. */
    private static int oneServer(List<String> results, Place place) {
        int server = results.indexOf("taken BOUND");
        assertThat(server).as("the server of " + results).isNotNegative();
        int pid = STARTERS.get(server).pid();
        for (int i = 0; i < results.size(); i++) {
            if (i != server && !results.get(i).equals("closed")) {
                assertThat(results.get(i)).startsWith("refused SERVED " + pid + " ");
            }
        }
        assertThat(place.listenerPid()).isEqualTo(pid);
        return server;
    }

    private static void giveUp(int server, Place place) {
        Child child = STARTERS.get(server);
        String line = child.ask("close");
        while (line.startsWith("at ")) {
            line = child.ask("go");
        }
        assertThat(line).isEqualTo("closed");
        assertThat(Files.exists(place.path)).isFalse();
        assertThat(place.files()).containsExactly("socket.lock");
    }

    /** Runs processes through every order of their steps. */
    private abstract static class Orders {
        private final int count;
        private final List<String> at = new ArrayList<>();
        private final List<Boolean> waits = new ArrayList<>();

        Orders(int count) {
            this.count = count;
        }

        /** Lets one begin, after those before it. */
        abstract void begin(int starter);

        /** Checks what they ended with. */
        abstract void check(List<String> results);

        void tell(int starter, String line) {
            at.add(STARTERS.get(starter).ask(line));
            waits.add(false);
        }

        int all() {
            // The turns taken, and at each of them those that could have been.
            List<Integer> turns = new ArrayList<>();
            List<List<Integer>> choices = new ArrayList<>();
            int orders = 0;
            do {
                run(turns, choices);
                check(List.copyOf(at));
                orders++;
            } while (next(turns, choices));
            return orders;
        }

        private void run(List<Integer> turns, List<List<Integer>> choices) {
            at.clear();
            waits.clear();
            for (int i = 0; i < count; i++) {
                begin(i);
            }
            for (int turn = 0; ; turn++) {
                List<Integer> able = able();
                if (able.isEmpty()) {
                    break;
                }
                if (turn == turns.size()) {
                    turns.add(able.get(0));
                    choices.add(able);
                }
                assertThat(choices.get(turn)).as("choices of turn " + turn).isEqualTo(able);
                take(turns.get(turn));
            }
            assertThat(at).as("where they end").noneMatch(line -> line.startsWith("at "));
        }

        private List<Integer> able() {
            List<Integer> able = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                if (at.get(i).startsWith("at ") && !waits.get(i)) {
                    able.add(i);
                }
            }
            return able;
        }

        private void take(int starter) {
            String before = at.get(starter);
            String after = STARTERS.get(starter).ask("go");
            at.set(starter, after);
            waits.set(starter, before.equals("at LOCK") && after.equals("at LOCK"));
            if (before.equals("at UNLOCK")) {
                waits.replaceAll(waited -> false);
            }
        }

        private static boolean next(List<Integer> turns, List<List<Integer>> choices) {
            for (int last = turns.size() - 1; last >= 0; last--) {
                List<Integer> able = choices.get(last);
                int chosen = able.indexOf(turns.get(last));
                turns.subList(last, turns.size()).clear();
                choices.subList(last + 1, choices.size()).clear();
                if (chosen + 1 < able.size()) {
                    turns.add(able.get(chosen + 1));
                    return true;
                }
                choices.remove(last);
            }
            return false;
        }
    }
}
