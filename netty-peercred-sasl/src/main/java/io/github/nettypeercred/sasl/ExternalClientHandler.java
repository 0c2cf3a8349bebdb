// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import io.github.nettypeercred.sasl.ExternalEvent.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.time.Duration;

/**
 * The client's side of D-Bus authentication with SASL's mechanism EXTERNAL: logs in to a server that asks the kernel who we
 * are, and leaves the pipeline.
 *
 * <p>Add it in front of the handlers for D-Bus messages:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new ExternalClientHandler(), new MyMessageHandler());
 * }</pre>
 *
 * <p>When the channel is active it sends the NUL byte and {@code AUTH EXTERNAL} by one write, and {@code BEGIN} once it is accepted; then it
 * passes {@code channelActive} and all else that it held on, fires {@link ExternalEvent.LoggedIn} and leaves. Writes and flushes are held
 * until then, in order.
 *
 * <p>Unless a {@linkplain Builder#uid uid} is named, it asks for no identity, and gets that of its credentials (RFC 4422, Appendix
 * A.2). On Linux the kernel attests who connected, and shows a server that asks the real ids of who sends; to attach other credentials to the NUL
 * byte, have an {@link io.github.nettypeercred.SendCredentialsHandler} in front. To know the server before it gets a byte, put a
 * {@link io.github.nettypeercred.PeerCredentialsHandler} there.
 *
 * <p><strong>If the server does not accept us</strong>, or speaks otherwise, or is silent up to the deadline, {@link
 * ExternalEvent.Failed} says so, held writes fail and the channel is closed; it tries once, and nothing else.
 *
 * <p>Not sharable: an instance belongs to one channel. It works on the channel's event loop alone.
 */
public final class ExternalClientHandler extends ExternalHandler {
    private static final long NO_ID = 0xFFFF_FFFFL;
    private static final long NO_UID = -1; // asks for no identity

    private enum Phase {
        /** OK is awaited. */
        ANSWER,
        /** OK is awaited after DATA. */
        ANSWER_TO_DATA,
        /** The answer to NEGOTIATE_UNIX_FD is awaited. */
        UNIX_FDS
    }

    private final long uid;
    private final boolean unixFds;

    private Phase phase = Phase.ANSWER;
    private String serverGuid = "";

    /** Makes a handler that asks for no identity and does not negotiate for descriptors. */
    public ExternalClientHandler() {
        this(builder());
    }

    private ExternalClientHandler(Builder builder) {
        super(builder.maxLineLength, builder.deadline);
        uid = builder.uid;
        unixFds = builder.unixFds;
    }

    /**
     * Returns a builder.
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
        private long uid = NO_UID;
        private boolean unixFds;
        private int maxLineLength = DEFAULT_LINE_LENGTH;
        private Duration deadline = DEFAULT_DEADLINE;

        private Builder() {}

        /**
         * Claims to be this user, for servers that want it said. They accept it if they find it in our credentials.
         *
         * @param newUid 0 to 2^32-2
         * @return this builder
         */
        public Builder uid(long newUid) {
            if (newUid < 0 || newUid >= NO_ID) {
                throw new IllegalArgumentException("uid: " + newUid);
            }
            uid = newUid;
            return this;
        }

        /**
         * Asks the server to agree that descriptors may be passed; what it says is in {@link ExternalEvent.LoggedIn}.
         *
         * @return this builder
         */
        public Builder unixFds() {
            unixFds = true;
            return this;
        }

        /**
         * Limits a server's line. 1024 unless called.
         *
         * @param bytes how many it may have before its CR LF, 64 or more
         * @return this builder
         */
        public Builder maxLineLength(int bytes) {
            maxLineLength = checkedLineLength(bytes);
            return this;
        }

        /**
         * Limits how long it may take to log in, from the moment the channel is active. 30 seconds unless called.
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
        public ExternalClientHandler build() {
            return new ExternalClientHandler(this);
        }
    }

    @Override
    void begin(ChannelHandlerContext ctx) {
        say(ctx, uid == NO_UID ? "\0AUTH EXTERNAL" : "\0AUTH EXTERNAL " + Hex.ofUid(uid));
        ctx.flush();
    }

    @Override
    void takePreamble(ChannelHandlerContext ctx, ByteBuf bytes) {
        // a server sends none
    }

    @Override
    void heard(ChannelHandlerContext ctx, String line) {
        int space = line.indexOf(' ');
        String command = space < 0 ? line : line.substring(0, space);
        if (!LineReader.isPrintable(line)) {
            fail(ctx, Reason.PROTOCOL, "the server's line is not of printable ASCII");
        } else if (phase == Phase.UNIX_FDS) {
            heardOfUnixFds(ctx, command);
        } else if (command.equals("OK") && line.substring(2).matches(" [0-9a-fA-F]{32}")) {
            serverGuid = line.substring(3);
            if (unixFds) {
                phase = Phase.UNIX_FDS;
                say(ctx, "NEGOTIATE_UNIX_FD");
            } else {
                begin(ctx, false);
            }
        } else if (line.trim().equals("DATA") && phase == Phase.ANSWER && uid == NO_UID) {
            phase = Phase.ANSWER_TO_DATA;
            say(ctx, "DATA");
        } else if (command.equals("REJECTED")) {
            fail(ctx, Reason.REJECTED, "the server says " + line);
        } else {
            fail(ctx, Reason.PROTOCOL, "the server says, in place of OK: " + line);
        }
    }

    private void heardOfUnixFds(ChannelHandlerContext ctx, String command) {
        if (command.equals("AGREE_UNIX_FD") || command.equals("ERROR")) {
            begin(ctx, command.equals("AGREE_UNIX_FD"));
        } else {
            fail(ctx, Reason.PROTOCOL, "the server answers NEGOTIATE_UNIX_FD with something else");
        }
    }

    private void begin(ChannelHandlerContext ctx, boolean agreed) {
        say(ctx, "BEGIN");
        finish(ctx, new ExternalEvent.LoggedIn(serverGuid, agreed));
    }

    @Override
    String remark() {
        return "";
    }
}
