// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/**
 * Captures the peer of every accepted connection on the accepting side, and refuses whom it must not let in before that
 * connection has a pipeline, an event loop or a line of the application's code.
 *
 * <pre>{@code
 * new ServerBootstrap()
 *         .handler(PeerCredentialsAcceptHandler.builder().allowIf(peer -> peer.uid() == 0).build())
 *         .childHandler(...)
 * }</pre>
 *
 * <p>A peer that cannot be known is refused too, unless {@link Builder#admitAbsent()} says otherwise; so is one on whom the
 * predicate throws. A refused connection is closed at once and counted; the acceptor goes on. A {@link
 * PeerCredentialsHandler} in the child's pipeline takes over the result if it asks for no more, and announces it.
 *
 * <p>It never captures a process handle: a connection closed at this stage has no close event to close the handle on.
 *
 * <p>Sharable: it keeps nothing of a connection. It belongs in {@code ServerBootstrap.handler(..)}, and runs on the server
 * channel's event loop, so the predicate must not block.
 */
@Sharable
public final class PeerCredentialsAcceptHandler extends ChannelInboundHandlerAdapter {
    private final CaptureRequest request;
    private final boolean admitAbsent;
    private final Predicate<? super UnixPeerCredentials> allowed;
    private final boolean firstRead;
    private final boolean refuseDescriptors;
    private final LongAdder refused = new LongAdder();

    /** Makes a handler that lets every peer in whose user, group and process id the kernel knows. */
    public PeerCredentialsAcceptHandler() {
        this(builder());
    }

    private PeerCredentialsAcceptHandler(Builder builder) {
        request = new CaptureRequest(builder.groups, builder.label, false);
        admitAbsent = builder.admitAbsent;
        allowed = builder.allowed;
        firstRead = builder.firstRead;
        refuseDescriptors = builder.refuseDescriptors;
    }

    /**
     * Returns a builder, for a handler that decides by a predicate or asks for more than the ids.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Tells, before a server is bound, why nothing could be captured of the connections that it accepts: it has not the type of a Unix domain
     * socket, or no transport module on the class path serves it. Whether the native library loads is not asked. May be called from any thread.
     *
     * @param server a server channel
     * @return why, with what to do about it; empty if a capture can be tried
     */
    public static Optional<Absence> obstacle(ServerChannel server) {
        return Optional.ofNullable(Transports.whyNotChildrenOf(Objects.requireNonNull(server, "server")));
    }

    /** Builds handlers with options. */
    public static final class Builder {
        private boolean groups;
        private boolean label;
        private boolean admitAbsent;
        private boolean firstRead;
        private boolean refuseDescriptors;
        private Predicate<? super UnixPeerCredentials> allowed = peer -> true;

        private Builder() {}

        /**
         * Also captures the supplementary groups (SO_PEERGROUPS, Linux 4.13): one more system call.
         *
         * @return this builder
         */
        public Builder groups() {
            groups = true;
            return this;
        }

        /**
         * Also captures the label of the Linux security module (SO_PEERSEC): one more system call.
         *
         * @return this builder
         */
        public Builder label() {
            label = true;
            return this;
        }

        /**
         * Lets in a peer whose credentials are absent, of whom the predicate is not asked.
         *
         * @return this builder
         */
        public Builder admitAbsent() {
            admitAbsent = true;
            return this;
        }

        /**
         * Lets in only peers for whom the predicate holds. A later call replaces an earlier one.
         *
         * @param predicate decides without blocking, on the server channel's event loop
         * @return this builder
         */
        public Builder allowIf(Predicate<? super UnixPeerCredentials> predicate) {
            allowed = Objects.requireNonNull(predicate, "predicate");
            return this;
        }

        /**
         * Has the kernel attach the sender's credentials (SO_PASSCRED) on the listening socket, from which accepted ones
         * inherit it: then {@link PeerCredentialsHandler.Builder#firstRead()} in the child's pipeline also knows who sent what was
         * there before that handler was. It goes with such a handler alone: on a connection without one the option stays on,
         * which costs something each read and forbids {@code DomainSocketReadMode.FILE_DESCRIPTORS}.
         *
         * @return this builder
         */
        public Builder firstRead() {
            firstRead = true;
            return this;
        }

        /**
         * Has the kernel answer with EPERM peers that pass descriptors (SO_PASSRIGHTS, Linux 6.16) on the listening socket, from which
         * accepted ones inherit it. On older kernels it does nothing.
         *
         * @return this builder
         */
        public Builder refuseDescriptors() {
            refuseDescriptors = true;
            return this;
        }

        /**
         * Makes a handler.
         *
         * @return a new handler
         */
        public PeerCredentialsAcceptHandler build() {
            return new PeerCredentialsAcceptHandler(this);
        }
    }

    /**
     * Returns how many connections this handler has refused. May be called from any thread.
     *
     * @return the number, 0 or more
     */
    public long refusedCount() {
        return refused.sum();
    }

    /** Closes an accepted connection that it was added to by mistake: there it would let everybody in. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (isMisplaced(ctx)) {
            // Later, since a channel that is closed while it is being registered may stay open (seen on io_uring).
            ctx.executor().execute(() -> {
                ctx.fireExceptionCaught(
                        new IllegalStateException(
                                "PeerCredentialsAcceptHandler was added to an accepted"
                                        + " connection: it belongs in ServerBootstrap.handler(..), and PeerCredentialsHandler here"));
                ctx.close();
            });
            return;
        }
        if (firstRead) {
            attestReads(ctx);
        }
        if (refuseDescriptors) {
            Transports.refuseDescriptors(ctx.channel());
        }
    }

    private static void attestReads(ChannelHandlerContext ctx) {
        if (ctx.channel().eventLoop().inEventLoop()) {
            Absence absence = Transports.attestReads(ctx.channel(), CaptureRequest.IDS_ONLY, false);
            if (absence != null) {
                // The handlers of the children try it themselves, and say why it cannot work.
                Log.debug("accepted connections do not inherit SO_PASSCRED from {}: {}", ctx.channel(), absence);
            }
        } else {
            ctx.channel().eventLoop().execute(() -> attestReads(ctx));
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (isMisplaced(ctx)) {
            ReferenceCountUtil.release(msg);
        } else if (!(msg instanceof Channel child) || admits(child)) {
            ctx.fireChannelRead(msg);
        } else {
            refused.increment();
            child.unsafe().closeForcibly();
        }
    }

    private static boolean isMisplaced(ChannelHandlerContext ctx) {
        return ctx.channel().parent() instanceof ServerChannel;
    }

    /** Decides without ever throwing: what escapes here would stop the acceptor for a second. */
    private boolean admits(Channel child) {
        try {
            PeerCredentialsResult result = ConnectTime.CONNECT.capture(child, request);
            boolean admitted = result instanceof UnixPeerCredentials peer ? allowed.test(peer) : admitAbsent;
            if (!admitted) {
                Log.debug("refused at accept {}: {}", child, result);
            }
            return admitted;
        } catch (Throwable t) {
            Log.debug("refused at accept, because the decision threw", t);
            return false;
        }
    }
}
