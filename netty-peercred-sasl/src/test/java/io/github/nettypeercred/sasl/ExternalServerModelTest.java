// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static io.github.nettypeercred.sasl.ExternalServerHandlerTest.OK;
import static io.github.nettypeercred.sasl.ExternalServerHandlerTest.REJECTED;
import static io.github.nettypeercred.sasl.ExternalServerHandlerTest.UID;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.sasl.ExternalEvent.Authenticated;
import io.github.nettypeercred.sasl.ExternalEvent.Failed;
import io.github.nettypeercred.testing.PretendedPeer;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client says does not depend on how it is cut into reads, and no garbage gets in or is answered without end. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExternalServerModelTest {
    private static final PretendedPeer PEER = PretendedPeer.of(1000, 100);
    private static final PretendedPeer NOBODY =
            PretendedPeer.absent(new Absence(AbsenceReason.UNMAPPED, "of the test"));

    private static final List<String> WORDS = List.of(
            "AUTH",
            " ",
            "EXTERNAL",
            "AUTH EXTERNAL",
            "AUTH EXTERNAL " + UID,
            "AUTH EXTERNAL 30",
            UID,
            "30",
            "DATA",
            "CANCEL",
            "ERROR",
            "NEGOTIATE_UNIX_FD",
            "BEGIN",
            "\r\n",
            "\r\n",
            "\r\n",
            "\r\n",
            "\r\n",
            "\n",
            "\r",
            "\0",
            "\u00ff",
            "AUTH EXTERNAL\r\nDATA\r\n",
            "AUTH EXTERNAL " + UID + "\r\n",
            "BEGIN\r\n",
            "BEGIN\r\n",
            "AUTH EXTERNAL " + UID + "\r\n",
            "rest");

    /** All that can be told of a run from outside. */
    private record Outcome(String answers, String read, List<String> events, boolean open) {}

    private static Outcome run(PretendedPeer peer, List<String> reads) {
        Conversation client = ExternalServerHandlerTest.with(
                peer,
                ExternalServerHandlerTest.builder()
                        .maxLineLength(64)
                        .agreeToUnixFds()
                        .build());
        StringBuilder answers = new StringBuilder();
        reads.forEach(each -> answers.append(client.say(each)));
        List<String> events = client.seen.stream()
                .filter(each -> !(each instanceof String text && text.startsWith("read ")))
                .map(Object::toString)
                .toList();
        Outcome outcome = new Outcome(answers.toString(), client.read(), events, client.isOpen());
        assertThat(client.has(Authenticated.class) && client.has(Failed.class)).isFalse();
        client.assertNothingLeaks();
        return outcome;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\0AUTH EXTERNAL " + UID + "\r\nBEGIN\r\nl\1\0\1rest\r\n",
                "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1\r\n",
                "\0AUTH\r\nAUTH EXTERNAL 30\r\nAUTH EXTERNAL\r\nCANCEL\r\nAUTH EXTERNAL\r\nDATA " + UID
                        + "\r\nBEGIN\r\nx",
                "\0AUTH EXTERNAL 30\r\nBEGIN\r\nx",
                "\0\r\n\r\n\r\r\nAUTH EXTERNAL " + UID + "\r\nERROR\r\nBEGIN\r\nx"
            })
    void everySplit_comesToTheSame(String stream) {
        Outcome whole = run(PEER, List.of(stream));
        for (int first = 0; first <= stream.length(); first++) {
            for (int second = first; second <= stream.length(); second++) {
                List<String> reads =
                        List.of(stream.substring(0, first), stream.substring(first, second), stream.substring(second));
                assertThat(run(PEER, reads))
                        .as("split at %s and %s", first, second)
                        .isEqualTo(whole);
            }
        }
        assertThat(run(PEER, List.of(stream.split("", -1)))).isEqualTo(whole);
    }

    @Test
    void garbage_getsInOnlyAsTheModelSays() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int accepted = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder(random.nextInt(20) == 0 ? "" : "\0");
            for (int words = random.nextInt(14); words > 0; words--) {
                text.append(WORDS.get(random.nextInt(WORDS.size())));
            }
            if (random.nextInt(4) == 0 && text.length() > 1) {
                text.setCharAt(1 + random.nextInt(text.length() - 1), (char) random.nextInt(256));
            }
            String stream = text.toString();
            Outcome whole = run(PEER, List.of(stream));
            String as = "seed " + seed + ", round " + round + ": " + stream;

            assertThat(run(PEER, cut(stream, random))).as(as).isEqualTo(whole);
            int behind = behindBegin(stream);
            assertThat(whole.events.stream().anyMatch(event -> event.startsWith("Authenticated")))
                    .as(as)
                    .isEqualTo(behind > 0);
            assertThat(whole.read).as(as).isEqualTo(behind > 0 ? stream.substring(behind) : "");
            accepted += behind > 0 ? 1 : 0;
            Outcome nobody = run(NOBODY, List.of(stream));
            assertThat(nobody.answers).as(as).doesNotContain("OK");
            assertThat(nobody.events).as(as).noneMatch(event -> event.startsWith("Authenticated"));
        }
        assertThat(accepted).isGreaterThan(200);
    }

    private static List<String> cut(String stream, Random random) {
        return List.of(stream.split("(?s)(?<=\\G.{" + (1 + random.nextInt(9)) + "})", -1));
    }

    /** The states of the specification, over the whole stream: where what is behind BEGIN begins, or -1 if the client does not get in. */
    private static int behindBegin(String stream) {
        String state = "AUTH";
        boolean unixFds = false;
        int failures = stream.startsWith("\0") ? 0 : 6;
        int at = 1;
        while (failures < 6) {
            int end = stream.indexOf("\r\n", at);
            if (end < 0 || end - at > 64) {
                return -1;
            }
            String line = stream.substring(at, end);
            at = end + 2;
            if (!line.matches("[ -~]*")) {
                failures++;
            } else if (line.matches("BEGIN( .*)?")) {
                return state.equals("BEGIN") && line.equals("BEGIN") ? at : -1;
            } else if (state.equals("AUTH") && line.matches("AUTH EXTERNAL ?")) {
                state = "DATA";
            } else if (line.equals((state.equals("AUTH") ? "AUTH EXTERNAL " : "DATA ") + UID)
                    && !state.equals("BEGIN")) {
                state = "BEGIN";
            } else if (state.equals("DATA") && line.matches("DATA ?")) {
                state = "BEGIN";
            } else if (state.equals("BEGIN") && line.matches("NEGOTIATE_UNIX_FD( .*)?") && !unixFds) {
                unixFds = true;
            } else {
                String rejected =
                        switch (state) {
                            case "AUTH" -> "(AUTH|ERROR)( .*)?";
                            case "DATA" -> "(DATA|CANCEL|ERROR)( .*)?";
                            default -> "(CANCEL|ERROR)( .*)?";
                        };
                if (line.matches(rejected)) {
                    state = "AUTH";
                    unixFds = false;
                }
                failures++;
            }
        }
        return -1;
    }

    @Test
    void flood_isAnsweredInBounds() {
        Outcome lines = run(PEER, Collections.nCopies(1000, "\0AUTH\r\n".repeat(1000)));
        assertThat(lines.open).isFalse();
        assertThat(lines.answers.length()).isLessThan(6 * 64);
        assertThat(run(PEER, List.of("\0" + "AUTH EXTERNAL\r\nDATA\r\nCANCEL\r\n".repeat(10_000))).answers)
                .isEqualTo(("DATA\r\n" + OK + REJECTED).repeat(6));
        Outcome endless = run(PEER, Collections.nCopies(1000, "\0".repeat(1000)));
        assertThat(endless.open).isFalse();
        assertThat(endless.answers).isEmpty();
    }
}
