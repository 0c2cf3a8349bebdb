// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is said in a go-on handshake: the server, once it is ready to be told who sends, sends a message that means "go on"; the
 * client answers with one that carries its credentials; neither belongs to the data. Both sides need the same two messages.
 *
 * <p>Immutable, and may be shared by many handlers: each method returns a changed copy.
 */
public final class GoOn {
    private static final GoOn DEFAULT = new GoOn(new byte[1], new byte[1], Duration.ofSeconds(30));

    private final byte[] message;
    private final byte[] answer;
    private final @Nullable Duration deadline;

    private GoOn(byte[] message, byte[] answer, @Nullable Duration deadline) {
        this.message = message;
        this.answer = answer;
        this.deadline = deadline;
    }

    /**
     * Returns the handshake of one NUL byte each way, with a deadline of 30 seconds.
     *
     * @return the default
     */
    public static GoOn ofDefault() {
        return DEFAULT;
    }

    /**
     * Returns a handshake of other messages, with a deadline of 30 seconds.
     *
     * @param message what the server sends; empty if the client is to answer without, as a D-Bus client does with a single NUL
     * @param answer what the client answers, one byte or more
     * @return a handshake
     */
    public static GoOn of(byte[] message, byte[] answer) {
        if (answer.length == 0) {
            throw new IllegalArgumentException("the answer is empty, and credentials come with bytes");
        }
        return new GoOn(message.clone(), answer.clone(), DEFAULT.deadline);
    }

    /**
     * Returns this handshake with another deadline.
     *
     * @param newDeadline how long to wait for the peer's message since the channel became active: more than zero, less than 292
     *     years
     * @return a copy
     */
    public GoOn deadline(Duration newDeadline) {
        if (newDeadline.isNegative()
                || newDeadline.isZero()
                || newDeadline.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("deadline: " + newDeadline);
        }
        return new GoOn(message, answer, Objects.requireNonNull(newDeadline, "newDeadline"));
    }

    /**
     * Returns this handshake without a deadline. A silent peer then keeps its connection.
     *
     * @return a copy
     */
    public GoOn noDeadline() {
        return new GoOn(message, answer, null);
    }

    /** What the server sends: not to be changed. */
    byte[] message() {
        return message;
    }

    /** What the client answers: not to be changed. */
    byte[] answer() {
        return answer;
    }

    @Nullable
    Duration deadline() {
        return deadline;
    }

    @Override
    public String toString() {
        return "go on " + Arrays.toString(message) + ", answer " + Arrays.toString(answer) + ", deadline " + deadline;
    }
}
