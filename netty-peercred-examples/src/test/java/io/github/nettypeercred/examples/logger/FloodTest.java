// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That one user who floods from 20 processes costs the others no line. */
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FloodTest {
    private static final Pattern DROPPED = Pattern.compile(" logger: received and dropped (\\d+) lines of user ");
    private static final long FLOODER = 65530;
    private static final int LINES = 500;

    private static long dropped(List<String> lines) {
        long dropped = 0;
        for (String line : lines) {
            Matcher matcher = DROPPED.matcher(line);
            dropped += matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
        }
        return dropped;
    }

    private static long stored(List<String> lines) {
        return lines.stream().filter(line -> !line.contains(" logger: ")).count();
    }

    private static List<String> numbers(List<String> lines) {
        return lines.stream()
                .map(line -> line.substring(line.lastIndexOf("]: ") + 3).trim())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dgram", "stream"})
    void others_loseNoLine(String kind) throws IOException, InterruptedException {
        Client.need("cc", "gcc");
        try (Served served = new Served(1 << 26, LogServer.limits())) {
            List<Client> flood = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                flood.add(Client.start(FLOODER, Clients.C, kind, served.socket(kind), "seconds", "4"));
            }
            List<Client> others = new ArrayList<>();
            for (long user = 65531; user <= 65533; user++) {
                for (String each : List.of("dgram", "stream")) {
                    others.add(Client.start(
                            user,
                            Clients.C,
                            each,
                            served.socket(each),
                            "count",
                            Integer.toString(LINES),
                            "pause",
                            "2500"));
                }
            }
            for (Client other : others) {
                assertThat(other.output()).startsWith("sent " + LINES + " refused 0 ");
            }
            for (long user = 65531; user <= 65533; user++) {
                List<String> lines = served.await(user, all -> stored(all) + dropped(all) == 2 * LINES);
                assertThat(dropped(lines)).isZero();
                for (int i = 0; i < 2; i++) {
                    String by =
                            " pid=" + others.get((int) (user - 65531) * 2 + i).pid() + ' ';
                    List<String> wanted = new ArrayList<>();
                    for (int n = 0; n < LINES; n++) {
                        wanted.add(Integer.toString(n));
                    }
                    assertThat(numbers(lines.stream()
                                    .filter(line -> line.contains(by))
                                    .toList()))
                            .isEqualTo(wanted);
                }
            }
            if (kind.equals("dgram")) {
                long sent =
                        flood.stream().mapToLong(each -> each.printed("sent")).sum();
                List<String> lines = served.await(FLOODER, all -> stored(all) + dropped(all) >= sent);
                assertThat(stored(lines) + dropped(lines)).isEqualTo(sent);
                assertThat(dropped(lines)).isPositive();
            } else {
                assertThat(dropped(served.lines(FLOODER))).isZero();
                flood.forEach(Client::end);
            }
        }
    }
}
