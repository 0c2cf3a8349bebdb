// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets existing decoders work on a stream that several senders share, without lending one the rights of another: it takes {@link
 * AttestedBytes}, and hands out each message that was decoded as {@link AttestedMessage}.
 *
 * <pre>{@code
 * channel.pipeline().addLast(
 *         EveryReadHandler.builder().allowSenderChange().build(),
 *         AttestedDecoder.builder().decoder(() -> new LineBasedFrameDecoder(1024)).build(),
 *         new MyIpcHandler()); // gets AttestedMessage, and asks each for its credentials()
 * }</pre>
 *
 * <p>The decoders are made anew whenever the sender changes, and see the bytes of that one sender alone; they stand in the
 * pipeline right behind this handler meanwhile, get no {@code channelActive}, and must not be added to executors. What they write,
 * and what encoders among them keep, is not bound to a sender: encoders belong behind this handler.
 *
 * <p><strong>A sender that changes in the middle of a frame</strong> closes the channel, after {@link PeerCredentialsEvent.Refused} with
 * {@link AbsenceReason#DIFFERING}; nothing of that frame is handed out as a message. That is known of decoders that keep what is no
 * frame yet, as {@code ByteToMessageDecoder} does, by what they still have when they are taken out. Decoders that take a frame
 * in pieces, as those of HTTP do, need {@link Builder#endsFrame endsFrame(..)}.
 *
 * <p>Not sharable: an instance belongs to one channel.
 */
public final class AttestedDecoder extends ChannelInboundHandlerAdapter {
    private final List<Supplier<? extends ChannelHandler>> decoders;
    private final @Nullable Predicate<Object> endsFrame;
    private final Exit exit = new Exit();

    private @Nullable Signer signer;
    private boolean refused;

    private AttestedDecoder(List<Supplier<? extends ChannelHandler>> decoders, @Nullable Predicate<Object> endsFrame) {
        this.decoders = decoders;
        this.endsFrame = endsFrame;
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
     * Builds handlers. Once set up, one builder may be kept and {@link #build()} called for every channel, from any thread.
     */
    public static final class Builder {
        private final List<Supplier<? extends ChannelHandler>> decoders = new ArrayList<>();
        private @Nullable Predicate<Object> endsFrame;

        private Builder() {}

        /**
         * Adds a decoder behind those that were added before.
         *
         * @param decoder makes a new decoder each time, on the event loop; the same one again only if it is sharable and keeps no bytes
         * @return this builder
         */
        public Builder decoder(Supplier<? extends ChannelHandler> decoder) {
            decoders.add(Objects.requireNonNull(decoder, "decoder"));
            return this;
        }

        /**
         * Tells where frames end that are decoded to several messages. The sender may then change only where the last byte of a
         * read made the decoders hand out such a message, and nothing after it. The last byte of each read is fed to the
         * decoders by itself for that, so a piece of a body may be handed out in two.
         *
         * @param predicate whether a decoded message is the last of its frame, such as {@code LastHttpContent.class::isInstance}
         * @return this builder
         */
        public Builder endsFrame(Predicate<Object> predicate) {
            endsFrame = Objects.requireNonNull(predicate, "predicate");
            return this;
        }

        /**
         * Makes a handler for one channel.
         *
         * @return a new handler
         * @throws IllegalStateException if there is no decoder
         */
        public AttestedDecoder build() {
            if (decoders.isEmpty()) {
                throw new IllegalStateException("no decoder(..)");
            }
            return new AttestedDecoder(List.copyOf(decoders), endsFrame);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addAfter(ctx.name(), null, exit);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        boolean frameCut = signer != null && !endTurn(ctx, signer);
        if (ctx.pipeline().context(exit) != null) {
            ctx.pipeline().remove(exit);
        }
        if (frameCut) {
            Log.debug("{}: closing {}", "the decoder was removed in the middle of a frame", ctx.channel());
            ctx.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (!refused && msg instanceof AttestedBytes bytes) {
            decode(ctx, bytes);
            return;
        }
        ReferenceCountUtil.release(msg);
        if (!refused) {
            refuse(
                    ctx,
                    new Absence(
                            AbsenceReason.RACED,
                            "a message came without its sender: add an EveryReadHandler right in front, without plainBytes()"));
        }
    }

    private void decode(ChannelHandlerContext ctx, AttestedBytes bytes) {
        Absence why = takeTurn(ctx, bytes);
        if (why != null) {
            bytes.release();
            refuse(ctx, why);
            return;
        }
        ByteBuf content = bytes.content();
        if (bytes.process() != null) {
            content.retain();
            bytes.release();
        }
        Signer turn = Objects.requireNonNull(signer);
        if (endsFrame != null && content.readableBytes() > 1) {
            ctx.fireChannelRead(content.readRetainedSlice(content.readableBytes() - 1));
            if (refused || turn != signer) { // a decoder, or who got a message, has refused, closed or removed
                content.release();
                return;
            }
        }
        turn.atFrameEnd = false;
        ctx.fireChannelRead(content);
    }

    /** Has the decoders be those of the sender of some bytes; returns null if they are, else why they cannot be. */
    private @Nullable Absence takeTurn(ChannelHandlerContext ctx, AttestedBytes bytes) {
        Signer before = signer;
        if (before != null) {
            if (before.credentials.equals(bytes.credentials())) {
                return null;
            }
            if (!endTurn(ctx, before)) {
                return new Absence(
                        AbsenceReason.DIFFERING,
                        "the sender has changed in the middle of a frame: " + before.credentials + " began it, "
                                + bytes.credentials() + " sent what follows");
            }
        }
        if (ctx.executor() != ctx.channel().eventLoop()) {
            return new Absence(
                    AbsenceReason.FOREIGN_EXECUTOR,
                    "decoders are exchanged on the channel's event loop: add the handler without an executor");
        }
        try {
            beginTurn(ctx, bytes);
            return null;
        } catch (RuntimeException e) {
            Log.debug("a decoder cannot be made or added", e);
            return new Absence(AbsenceReason.FAILED, "a decoder cannot be made or added: " + e);
        }
    }

    private void beginTurn(ChannelHandlerContext ctx, AttestedBytes bytes) {
        Signer turn = new Signer(bytes.credentials(), bytes.process());
        signer = turn;
        ctx.pipeline().addAfter(ctx.name(), null, turn);
        String last = ctx.name();
        for (Supplier<? extends ChannelHandler> decoder : decoders) {
            ChannelHandler made = decoder.get();
            ctx.pipeline().addAfter(last, null, made);
            ChannelHandlerContext added = ctx.pipeline().context(made);
            if (added == null) {
                throw new IllegalStateException(made.getClass().getName() + " does not stay in the pipeline");
            }
            last = added.name();
        }
    }

    /** Takes the decoders out, whatever they have added to themselves included; returns whether they had no frame begun. */
    private boolean endTurn(ChannelHandlerContext ctx, Signer turn) {
        signer = null;
        turn.ending = true;
        ChannelPipeline pipeline = ctx.pipeline();
        ChannelHandlerContext end = pipeline.context(turn);
        if (end != null) {
            List<String> names = pipeline.names();
            // The last first: what one still has goes past the others, which might take it for a frame.
            for (int i = names.indexOf(end.name()) - 1; i >= 0 && !names.get(i).equals(ctx.name()); i--) {
                if (pipeline.context(names.get(i)) != null) {
                    pipeline.remove(names.get(i));
                }
            }
            if (!end.isRemoved()) {
                pipeline.remove(turn);
            }
        }
        return !turn.sawRest && (endsFrame == null || turn.atFrameEnd);
    }

    private void refuse(ChannelHandlerContext ctx, Absence absence) {
        refused = true;
        ChannelHandlerContext out = ctx.pipeline().context(exit);
        try {
            (out == null ? ctx : out).fireUserEventTriggered(new PeerCredentialsEvent.Refused(absence));
        } finally {
            Log.debug("refused {}: {}", ctx.channel(), absence);
            ctx.close();
        }
    }

    /** Stands behind the decoders of one sender's turn, and goes with them: what they hand out later has no sender. */
    private final class Signer extends ChannelInboundHandlerAdapter {
        private final PeerCredentialsResult credentials;
        private final @Nullable SharedProcess process;
        private boolean ending;
        private boolean sawRest;
        private boolean atFrameEnd;

        Signer(PeerCredentialsResult credentials, @Nullable SharedProcess process) {
            this.credentials = credentials;
            this.process = process;
            if (process != null) {
                process.retain();
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (ending) {
                sawRest = true;
                ReferenceCountUtil.release(msg);
                return;
            }
            atFrameEnd = endsFrame != null && endsFrame.test(msg);
            if (process != null) {
                process.retain();
            }
            ctx.fireChannelRead(new AttestedMessage(msg, credentials, process));
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (!ending) {
                ctx.fireChannelReadComplete();
            }
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            if (process != null) {
                process.release();
            }
        }
    }

    /** Stands behind all, and lets nothing through that is not signed. */
    private final class Exit extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (!refused && msg instanceof AttestedMessage) {
                ctx.fireChannelRead(msg);
                return;
            }
            ReferenceCountUtil.release(msg);
            if (!refused) {
                refuse(
                        ctx,
                        new Absence(
                                AbsenceReason.RACED, "a decoder handed out a message when its sender's turn was over"));
            }
        }
    }
}
