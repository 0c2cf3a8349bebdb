// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.FileDescriptor;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The wait of a {@link PeerCredentialsHandler} for who sent a channel's first bytes: the kernel attaches credentials to what is
 * read, and a look before each read sees them. Runs on the channel's event loop.
 */
final class FirstRead {
    private final CaptureRequest request;
    private final Deadline deadline;
    private final boolean refuseDiffering;

    private @Nullable PeekingAllocator peeking; // null unless it waits
    private @Nullable Absence impossible;
    private boolean begun;

    FirstRead(CaptureRequest request, @Nullable Duration deadline, boolean refuseDiffering) {
        this.request = request;
        this.deadline = new Deadline(deadline);
        this.refuseDiffering = refuseDiffering;
    }

    /** Begins to wait, once, as early as the channel has an event loop. */
    void begin(ChannelHandlerContext ctx) {
        if (begun) {
            return;
        }
        begun = true;
        try {
            peeking = PeekingAllocator.begin(ctx, request, MessageTime.FIRST_READ);
        } catch (AbsentException e) {
            impossible = e.absence();
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
        if (isWaiting()) {
            deadline.start(ctx, onTimeout);
        }
    }

    Absence timedOut() {
        return deadline.timedOut();
    }

    /** An error of the socket that a look met, in place of the read that would have; null if none. */
    @Nullable
    Absence socketError() {
        return peeking == null ? null : peeking.socketError();
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
        String differing = Differing.ids(connected, "connected", first, "sent");
        return differing.isEmpty()
                ? first
                : new Absence(AbsenceReason.DIFFERING, "who connected is not who sent the first bytes: " + differing);
    }

    /** Why nothing was sent, of a channel whose input has ended. */
    Absence endOfInput(boolean closed) {
        return closed && peeking != null && !peeking.sawEnd()
                ? new Absence(AbsenceReason.CLOSED, "the channel was closed before its first read")
                : new Absence(AbsenceReason.NO_DATA, "the stream ended before its first byte");
    }

    /** Ends the wait, if it goes on, and undoes what it took. */
    void end() {
        impossible = null;
        deadline.end();
        if (peeking != null) {
            peeking.end();
            peeking = null;
        }
    }
}
