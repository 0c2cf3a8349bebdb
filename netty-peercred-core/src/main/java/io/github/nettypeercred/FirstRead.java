// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The wait of a {@link PeerCredentialsHandler} for who sent a channel's first bytes: the kernel attaches credentials to what is
 * read, and a look before each read sees them. Runs on the channel's event loop.
 */
final class FirstRead {
    private final CaptureRequest request;
    private final @Nullable Duration deadline;
    private final boolean refuseDiffering;

    private @Nullable PeekingAllocator peeking; // null unless it waits
    private @Nullable Absence impossible;
    private @Nullable Future<?> timer;
    private boolean begun;

    FirstRead(CaptureRequest request, @Nullable Duration deadline, boolean refuseDiffering) {
        this.request = request;
        this.deadline = deadline;
        this.refuseDiffering = refuseDiffering;
    }

    /** Begins to wait, once, as early as the channel has an event loop. */
    void begin(ChannelHandlerContext ctx) {
        if (begun) {
            return;
        }
        begun = true;
        Channel channel = ctx.channel();
        if (ctx.executor() != channel.eventLoop()) {
            impossible = new Absence(
                    AbsenceReason.FOREIGN_EXECUTOR,
                    "the first read is looked at on the channel's event loop: add the handler without an executor");
            return;
        }
        impossible = Transports.attestReads(channel, request);
        if (impossible == null) {
            try {
                peeking = PeekingAllocator.begin(channel, request);
            } catch (RuntimeException e) {
                impossible = new Absence(
                        AbsenceReason.FAILED,
                        "the channel does not take another ChannelOption.RECVBUF_ALLOCATOR: " + e);
                Transports.endAttestedReads(channel, request);
            }
        }
    }

    /** Why there will be no answer, until it has been taken; null if there may be one. */
    @Nullable
    Absence impossible() {
        return impossible;
    }

    boolean isWaiting() {
        return peeking != null;
    }

    /** Has a task run when the deadline has passed and the wait goes on. */
    void startDeadline(ChannelHandlerContext ctx, Runnable onTimeout) {
        if (deadline == null || timer != null || !isWaiting()) {
            return;
        }
        try {
            timer = ctx.executor()
                    .schedule(() -> passDeadline(ctx, onTimeout), deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            Log.debug("the event loop is shut down: no deadline, and no read", e);
        }
    }

    private void passDeadline(ChannelHandlerContext ctx, Runnable onTimeout) {
        if (!isWaiting()) {
            return;
        }
        if (ctx.executor().inEventLoop()) {
            onTimeout.run();
        } else {
            ctx.executor().execute(() -> passDeadline(ctx, onTimeout)); // registered with another event loop since
        }
    }

    Absence timedOut() {
        return new Absence(AbsenceReason.TIMED_OUT, "nothing was read from the peer within " + deadline);
    }

    /** An error of the socket that a look met, in place of the read that would have; null if none. */
    @Nullable
    Absence socketError() {
        return peeking != null && isSocketError(peeking.peeked()) ? (Absence) peeking.peeked() : null;
    }

    static boolean isSocketError(@Nullable PeerCredentialsResult peeked) {
        return peeked instanceof Absence absence
                && absence.reason() == AbsenceReason.FAILED
                && absence.errno().isPresent();
    }

    /** Who sent the message that is the channel's first: the look right before its read says so, or nothing does. */
    PeerCredentialsResult senderOf(Object message, Channel channel) {
        PeekingAllocator looks = peeking;
        if (message instanceof FileDescriptor) {
            return new Absence(
                    AbsenceReason.FILE_DESCRIPTORS,
                    "the channel was set to read descriptors before its first read was captured");
        }
        if (looks == null || !looks.hasLooked()) {
            return new Absence(
                    AbsenceReason.ADDED_LATE,
                    "the channel read with another allocator: add the handler before its first read, and set"
                            + " ChannelOption.RECVBUF_ALLOCATOR before the handler is added");
        }
        PeerCredentialsResult sender = looks.peeked();
        if (sender == null || looks.sawEnd()) {
            return new Absence(
                    AbsenceReason.RACED, "bytes were read of which the look right before the read had seen nothing");
        }
        if (looks.sawTwoSenders()) {
            return new Absence(
                    AbsenceReason.RACED,
                    "bytes of two senders were read before the first message: add the handler in front of those that keep"
                            + " bytes, such as decoders");
        }
        PeerCredentialsResult answer = refuseDiffering && sender instanceof UnixPeerCredentials first
                ? unlessDiffering(StoredResult.setupOf(channel), first)
                : sender;
        if (answer == sender) {
            looks.passPeeked();
        }
        return answer;
    }

    private static PeerCredentialsResult unlessDiffering(
            @Nullable PeerCredentialsResult setup, UnixPeerCredentials first) {
        if (!(setup instanceof UnixPeerCredentials connected)) {
            return new Absence(
                    AbsenceReason.DIFFERING, "who connected is not known, so the first bytes may be another's");
        }
        StringBuilder differing = new StringBuilder();
        note(differing, "uid", Long.toString(connected.uid()), Long.toString(first.uid()));
        note(differing, "gid", Long.toString(connected.gid()), Long.toString(first.gid()));
        note(differing, "pid", pid(connected), pid(first));
        return differing.length() == 0
                ? first
                : new Absence(AbsenceReason.DIFFERING, "who connected is not who sent the first bytes:" + differing);
    }

    private static String pid(UnixPeerCredentials peer) {
        return peer.pid().isPresent() ? Integer.toString(peer.pid().getAsInt()) : "not visible";
    }

    private static void note(StringBuilder differing, String what, String connected, String sent) {
        if (!connected.equals(sent)) {
            differing.append(differing.length() == 0 ? " " : ", ").append(what);
            differing
                    .append(' ')
                    .append(connected)
                    .append(" connected, ")
                    .append(sent)
                    .append(" sent");
        }
    }

    /** Why nothing was sent, of a channel whose input has ended. */
    Absence endOfInput(boolean closed) {
        return closed && peeking != null && !peeking.sawEnd()
                ? new Absence(AbsenceReason.CLOSED, "the channel was closed before its first read")
                : new Absence(AbsenceReason.NO_DATA, "the stream ended before its first byte");
    }

    /** Ends the wait, if it goes on, and undoes what it took. */
    void end(Channel channel) {
        impossible = null;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
        if (peeking != null) {
            peeking.end();
            peeking = null;
            Transports.endAttestedReads(channel, request);
        }
    }
}
