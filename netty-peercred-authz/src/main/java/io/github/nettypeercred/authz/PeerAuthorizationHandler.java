// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsEvent;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.HeldEvents.Kind;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.spi.AttestingDatagramChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.unix.DomainDatagramChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Lets a peer in, or closes the channel. Add it behind the handler that captures who the peer is:
 *
 * <pre>{@code
 * channel.pipeline().addLast(new PeerCredentialsHandler());
 * channel.pipeline().addLast(new PeerAuthorizationHandler(authorization));
 * channel.pipeline().addLast(new MyIpcHandler()); // asks PeerAccess.of(ctx.channel())
 * }</pre>
 *
 * <p>Until it is decided, {@code channelActive}, events and messages are held, and writes fail with {@link PeerUnauthorizedException}, from
 * whatever thread they come, or wait if {@link Builder#queueWrites} says so: nothing greets a peer that is then denied. Then it stores {@link PeerAccess}, fires one
 * {@link PeerAccessEvent}, passes on what was held, and leaves the pipeline. Where reads have begun, autoRead is off while it is being decided, and then as it
 * was.
 *
 * <p><strong>On what it decides.</strong> On who connected; where the capture is of the first read alone, or a rule demands it, on the first read; where both are
 * captured, again on both. Behind an {@link EveryReadHandler} or an {@code AttestedDecoder} it stays, decides about each envelope, and
 * delivers it as {@link AuthorizedMessage}, which has what its sender may do; a denied one closes the channel. On a channel of
 * datagrams it does the same, and drops those of a denied sender.
 *
 * <p>Behind a {@link CertificateCaptureHandler} it decides when the TLS handshake has ended, on the peer's certificate as well. Where TLS begins
 * later, its grants rest on no certificate until another handler of this kind, added behind that capture, has decided again.
 *
 * <p><strong>A denied peer</strong> gets the {@linkplain Builder#farewell farewell}, if there is one, and the channel closes. So it does where no
 * capture is in front, on another executor than the event loop, and when this handler is removed before it has decided.
 *
 * <p>A client that closes before a decision that takes its time is not served, also where it would have been allowed.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class PeerAuthorizationHandler extends ChannelDuplexHandler {
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    private static final Duration FAREWELL_DEADLINE = Duration.ofSeconds(5);
    private static final int SERVER_QUEUE = 1 << 20;

    private final ChannelAuthorization channel;
    private final Gate gate;

    /**
     * Makes a handler that decides by what may be replaced, told and counted.
     *
     * @param authorization what decides, one for a server
     */
    public PeerAuthorizationHandler(PeerAuthorization authorization) {
        this(builder(authorization));
    }

    /**
     * Makes a handler that decides by a policy, and no more.
     *
     * @param policy the policy
     */
    public PeerAuthorizationHandler(PeerPolicy policy) {
        this(builder(PeerAuthorization.of(policy)));
    }

    private PeerAuthorizationHandler(Builder builder) {
        channel = new ChannelAuthorization(
                builder.authorization,
                builder.deadline,
                new Farewell(builder.farewell, builder.farewellDeadline),
                builder.ofServer,
                builder.queuedBytes);
        gate = channel.gate();
    }

    /**
     * Returns a builder, for handlers that do more than the default.
     *
     * @param authorization what decides
     * @return a new builder
     */
    public static Builder builder(PeerAuthorization authorization) {
        return new Builder(authorization);
    }

    /**
     * Makes a handler for a client, behind its {@link PeerCredentialsHandler}: no byte goes out before the server is accepted, as by libpq's {@code
     * requirepeer}. What is written before waits, up to 1 MiB, and fails with {@link PeerUnauthorizedException} if the server is denied.
     *
     * <p>Who serves is whoever called listen(2) last: with socket activation that is the activator.
     *
     * @param policy who may serve
     * @return a new handler
     */
    public static PeerAuthorizationHandler requireServer(PeerPolicy policy) {
        Builder builder = builder(PeerAuthorization.of(policy)).queueWrites(SERVER_QUEUE);
        builder.ofServer = true;
        return builder.build();
    }

    /** Builds handlers with options. One builder may be kept and {@link #build()} called for every channel, from any thread. */
    public static final class Builder {
        private final PeerAuthorization authorization;
        private Duration deadline = DEADLINE;
        private @Nullable Function<? super Deny, ? extends @Nullable ByteBuf> farewell;
        private Duration farewellDeadline = FAREWELL_DEADLINE;
        private int queuedBytes;
        private boolean ofServer;

        private Builder(PeerAuthorization authorization) {
            this.authorization = Objects.requireNonNull(authorization, "authorization");
        }

        /**
         * Denies if a decision takes longer: of an authorizer, or of the look-up of a process. 10 seconds unless called.
         *
         * @param newDeadline more than zero
         * @return this builder
         */
        public Builder deadline(Duration newDeadline) {
            deadline = positive(newDeadline);
            return this;
        }

        /**
         * Sends some last bytes to a peer that is denied, an error in the words of the protocol, before the channel closes. They pass the
         * handlers in front of this one alone. The peer reads them also if its request was never read. Not on datagrams.
         *
         * @param bytes makes the bytes, each time anew, on the event loop; null for none
         * @return this builder
         */
        public Builder farewell(Function<? super Deny, ? extends @Nullable ByteBuf> bytes) {
            farewell = Objects.requireNonNull(bytes, "bytes");
            return this;
        }

        /**
         * Closes the channel of a denied peer that does not take its farewell for so long. 5 seconds unless called.
         *
         * @param newDeadline more than zero
         * @return this builder
         */
        public Builder farewellDeadline(Duration newDeadline) {
            farewellDeadline = positive(newDeadline);
            return this;
        }

        /**
         * Has writes wait for the decision, in place of failing: they follow if the peer is let in, and fail if not. Those past the
         * bound fail at once.
         *
         * @param bytes how many bytes may wait, as the channel's {@code MessageSizeEstimator} sees them, 1 or more
         * @return this builder
         */
        public Builder queueWrites(int bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("bytes: " + bytes);
            }
            queuedBytes = bytes;
            return this;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         */
        public PeerAuthorizationHandler build() {
            return new PeerAuthorizationHandler(this);
        }

        private static Duration positive(Duration time) {
            if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0) {
                throw new IllegalArgumentException("deadline: " + time);
            }
            return time;
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        boolean datagrams =
                ctx.channel() instanceof DomainDatagramChannel || ctx.channel() instanceof AttestingDatagramChannel;
        if (datagrams && ctx.executor() == ctx.channel().eventLoop()) {
            channel.beginWithDatagrams(ctx);
        } else if (ctx.channel().isActive()) {
            beginLater(ctx); // the handlers behind may not be there yet
        }
    }

    private void beginLater(ChannelHandlerContext ctx) {
        EventLoops.executeLater(ctx.channel(), () -> {
            if (!ctx.isRemoved()) {
                channel.begin(ctx);
                channel.leave(ctx);
            }
        });
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        channel.removed(ctx);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        channel.begin(ctx);
        channel.take(ctx, Kind.ACTIVE, null);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        channel.inactive(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        channel.read(ctx, msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        channel.take(ctx, Kind.READ_COMPLETE, null);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (evt instanceof PeerCredentialsEvent captured) {
            channel.captured(ctx, captured);
        } else if (evt instanceof PeerCertificateEvent certified) {
            channel.certified(ctx, certified);
        }
        channel.take(ctx, Kind.EVENT, evt);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        channel.take(ctx, Kind.WRITABILITY, null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!gate.isOpen()) {
            Log.debug("not passed on before it is decided", cause);
        }
        channel.take(ctx, Kind.EXCEPTION, cause);
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        gate.read(ctx);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        gate.write(ctx, msg, promise);
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        gate.flush(ctx);
    }
}
