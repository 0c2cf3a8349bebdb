// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.sasl.ExternalEvent.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of D-Bus authentication with SASL's mechanism EXTERNAL: lets a client in whose user the kernel attests, and
 * leaves the pipeline.
 *
 * <p>Add it behind the handler that captures the credentials, and in front of those for D-Bus messages:
 *
 * <pre>{@code
 * ExternalServerHandler.Builder external = ExternalServerHandler.builder(); // one for the server
 *
 * channel.pipeline().addLast(
 *         PeerCredentialsHandler.builder().firstRead().build(), // who sent the NUL byte; or who connected, without firstRead()
 *         external.build(),
 *         new MyMessageHandler()); // asks ExternalIdentity.of(ctx.channel())
 * }</pre>
 *
 * <p>It takes the NUL byte with which a client begins, answers its lines, and after {@code BEGIN} stores an {@link ExternalIdentity} on
 * the channel, passes on what was held, fires {@link ExternalEvent.Authenticated} and leaves. What comes behind {@code BEGIN} goes on
 * untouched. Until then it holds {@code channelActive}, events, writes and flushes, in order.
 *
 * <p><strong>Who is accepted</strong>: {@code AUTH EXTERNAL} with the decimal uid of the credentials, in its shortest form and in
 * hexadecimal digits, or with no identity, which stands for that uid (RFC 4422, Appendix A.2), on the same line or after {@code DATA}.
 * Another uid, another mechanism, and credentials that are absent are answered with {@code REJECTED EXTERNAL}; the client may try again.
 *
 * <p><strong>The channel is closed</strong>, after {@link ExternalEvent.Failed}, when it has been answered REJECTED or ERROR as often as
 * is allowed, at a line that is too long, at {@code BEGIN} out of turn, if it does not begin with NUL, at the deadline, and when the
 * stream ends.
 *
 * <p>Messages must be {@link ByteBuf}s: behind an {@link io.github.nettypeercred.EveryReadHandler}, have it deliver {@link
 * io.github.nettypeercred.EveryReadHandler.Builder#plainBytes() plain bytes}. Not sharable: an instance belongs to one channel. It works
 * on the channel's event loop alone.
 */
public final class ExternalServerHandler extends ExternalHandler {
    private static final String REJECTED = "REJECTED EXTERNAL";

    private enum Phase {
        /** The NUL byte is awaited. */
        NUL,
        /** AUTH is awaited. */
        AUTH,
        /** DATA is awaited, with the identity. */
        DATA,
        /** BEGIN is awaited. */
        BEGIN
    }

    private final String guid;
    private final @Nullable Moment moment;
    private final boolean agreeToUnixFds;
    private final int maxFailures;

    private Phase phase = Phase.NUL;
    private int failures;
    private String lastRejection = "";
    private boolean unixFds;
    private @Nullable UnixPeerCredentials accepted; // of BEGIN

    private ExternalServerHandler(Builder builder) {
        super(builder.maxLineLength, builder.deadline);
        guid = builder.guid;
        moment = builder.moment;
        agreeToUnixFds = builder.agreeToUnixFds;
        maxFailures = builder.maxFailures;
    }

    /**
     * Returns a builder with a new GUID. Make one for each address that is listened on.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Builds handlers with options. Once set up, one builder may be kept and {@link #build()} called for every channel, from any
     * thread.
     */
    public static final class Builder {
        private String guid = UUID.randomUUID().toString().replace("-", "");
        private @Nullable Moment moment;
        private boolean agreeToUnixFds;
        private int maxLineLength = DEFAULT_LINE_LENGTH;
        private int maxFailures = 6;
        private Duration deadline = DEFAULT_DEADLINE;

        private Builder() {}

        /**
         * Names the server's GUID, which {@code OK} tells the client. Random unless called.
         *
         * @param newGuid 32 hexadecimal digits
         * @return this builder
         */
        public Builder guid(String newGuid) {
            if (!newGuid.matches("[0-9a-fA-F]{32}")) {
                throw new IllegalArgumentException("GUID: " + newGuid);
            }
            guid = newGuid;
            return this;
        }

        /**
         * Demands credentials of this moment: {@link Moment#CONNECT}, {@link Moment#FIRST_READ}, or {@link Moment#EVERY_READ}. Unless called,
         * they are what {@link UnixPeerCredentials#of(io.netty.channel.Channel)} gives, so who connected if both were captured.
         *
         * @param newMoment the moment of which the credentials must speak
         * @return this builder
         */
        public Builder moment(Moment newMoment) {
            moment = Objects.requireNonNull(newMoment, "newMoment");
            return this;
        }

        /**
         * Answers {@code NEGOTIATE_UNIX_FD} with {@code AGREE_UNIX_FD}, in place of an error. Only for a channel that reads descriptors;
         * which this handler does not see to.
         *
         * @return this builder
         */
        public Builder agreeToUnixFds() {
            agreeToUnixFds = true;
            return this;
        }

        /**
         * Limits a client's line. 1024 unless called.
         *
         * @param bytes how many it may have before its CR LF, 64 or more
         * @return this builder
         */
        public Builder maxLineLength(int bytes) {
            maxLineLength = checkedLineLength(bytes);
            return this;
        }

        /**
         * Limits how often a client is answered {@code REJECTED} or {@code ERROR}: at the last of them the channel closes. 6 unless called;
         * clients that mean well take up to two.
         *
         * @param times 1 or more
         * @return this builder
         */
        public Builder maxFailures(int times) {
            if (times < 1) {
                throw new IllegalArgumentException("failures: " + times);
            }
            maxFailures = times;
            return this;
        }

        /**
         * Limits how long a client may take, from the moment the channel is active. 30 seconds unless called.
         *
         * @param newDeadline more than zero, less than 292 years
         * @return this builder
         */
        public Builder deadline(Duration newDeadline) {
            deadline = checkedDeadline(newDeadline);
            return this;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         */
        public ExternalServerHandler build() {
            return new ExternalServerHandler(this);
        }
    }

    @Override
    void begin(ChannelHandlerContext ctx) {
        // the client speaks first
    }

    @Override
    void takePreamble(ChannelHandlerContext ctx, ByteBuf bytes) {
        if (phase == Phase.NUL) {
            phase = Phase.AUTH;
            if (bytes.readByte() != 0) {
                fail(ctx, Reason.PROTOCOL, "the client's first byte is not NUL");
            }
        }
    }

    @Override
    void heard(ChannelHandlerContext ctx, String line) {
        int space = line.indexOf(' ');
        String command = space < 0 ? line : line.substring(0, space);
        String rest = space < 0 ? "" : line.substring(space + 1);
        if (!LineReader.isPrintable(line)) {
            error(ctx, "a line is of printable ASCII");
        } else if (command.equals("BEGIN")) {
            begin(ctx, line);
        } else if (command.equals("ERROR") || (command.equals("CANCEL") && phase != Phase.AUTH)) {
            reject(ctx, "the client cancelled");
        } else if (command.equals("AUTH") && phase == Phase.AUTH) {
            auth(ctx, rest);
        } else if (command.equals("DATA") && phase == Phase.DATA) {
            authorize(ctx, rest);
        } else if (command.equals("NEGOTIATE_UNIX_FD") && phase == Phase.BEGIN && agreeToUnixFds && !unixFds) {
            unixFds = true;
            say(ctx, "AGREE_UNIX_FD");
        } else {
            error(ctx, "not understood here");
        }
    }

    private void auth(ChannelHandlerContext ctx, String rest) {
        int space = rest.indexOf(' ');
        String mechanism = space < 0 ? rest : rest.substring(0, space);
        String response = space < 0 ? "" : rest.substring(space + 1);
        if (!mechanism.equals("EXTERNAL")) {
            reject(ctx, mechanism.isEmpty() ? "the client asked for the mechanisms" : "another mechanism");
        } else if (response.isEmpty()) {
            phase = Phase.DATA;
            say(ctx, "DATA");
        } else {
            authorize(ctx, response);
        }
    }

    /** Decides on an authorization identity, empty for that of the credentials. */
    private void authorize(ChannelHandlerContext ctx, String identity) {
        PeerCredentialsResult known =
                moment == null ? UnixPeerCredentials.of(ctx.channel()) : UnixPeerCredentials.of(ctx.channel(), moment);
        if (!(known instanceof UnixPeerCredentials credentials)) {
            reject(ctx, "no credentials: " + known);
            return;
        }
        Long claimed = identity.isEmpty() ? Long.valueOf(credentials.uid()) : Hex.toUid(identity);
        if (claimed == null) {
            reject(ctx, "claimed something that is no uid, " + credentials);
        } else if (claimed != credentials.uid()) {
            reject(ctx, "claimed uid " + claimed + ", " + credentials);
        } else {
            accepted = credentials;
            phase = Phase.BEGIN;
            say(ctx, "OK " + guid);
        }
    }

    private void begin(ChannelHandlerContext ctx, String line) {
        if (accepted == null || !line.equals("BEGIN")) {
            fail(ctx, Reason.PROTOCOL, "BEGIN out of turn");
        } else {
            finish(ctx, new ExternalEvent.Authenticated(ExternalIdentity.store(ctx.channel(), accepted, unixFds)));
        }
    }

    private void reject(ChannelHandlerContext ctx, String why) {
        lastRejection = why;
        phase = Phase.AUTH;
        accepted = null;
        unixFds = false;
        say(ctx, REJECTED);
        countFailure(ctx);
    }

    private void error(ChannelHandlerContext ctx, String why) {
        say(ctx, "ERROR \"" + why + "\"");
        countFailure(ctx);
    }

    private void countFailure(ChannelHandlerContext ctx) {
        if (++failures >= maxFailures) {
            fail(ctx, Reason.REJECTED, "answered REJECTED or ERROR " + failures + " times");
        }
    }

    @Override
    String remark() {
        return lastRejection.isEmpty() ? "" : "the last rejection: " + lastRejection;
    }
}
