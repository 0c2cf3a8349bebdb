// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationAcceptHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.ServerDomainSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.BindException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stands first in a server channel. It holds the bind until the policy is there, and fails it if there is none; of a socket that was bound by another, as
 * by systemd, it holds the accepting, and closes it. Then the handlers that capture and decide stand behind it.
 */
final class ServerGuardHandler extends ChannelDuplexHandler {
    private static final String NIO = "io.netty.channel.socket.nio.NioServerDomainSocketChannel";

    private final Guard guard;

    private boolean begun;
    private boolean ready;
    private boolean wantsRead;

    ServerGuardHandler(Guard guard) {
        this.guard = guard;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        beginIfBound(ctx);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        beginIfBound(ctx);
        ctx.fireChannelActive();
    }

    private void beginIfBound(ChannelHandlerContext ctx) {
        if (begun || !ctx.channel().isActive()) {
            return;
        }
        SocketAddress address = ctx.channel().localAddress();
        if (!isUnix(ctx.channel(), address)) {
            leave(ctx);
            return;
        }
        begin(ctx, address, why -> {
            if (why != null) {
                ctx.close();
            } else if (wantsRead) {
                ctx.read();
            }
        });
    }

    @Override
    public void bind(ChannelHandlerContext ctx, SocketAddress localAddress, ChannelPromise promise) {
        if (!isUnix(ctx.channel(), localAddress)) {
            ctx.bind(localAddress, promise);
            leave(ctx);
            return;
        }
        begin(ctx, localAddress, why -> {
            if (why != null) {
                promise.tryFailure(why);
            } else {
                ctx.bind(localAddress, promise);
            }
        });
    }

    /** A server of a kind that has nothing to do with Unix sockets, such as SCTP. */
    private void leave(ChannelHandlerContext ctx) {
        ready = true;
        GuardExtension.setGuarded(ctx.channel(), false);
        if (wantsRead) {
            ctx.read();
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    private static boolean isUnix(Channel server, @Nullable SocketAddress address) {
        return server instanceof ServerDomainSocketChannel
                || server.getClass().getName().equals(NIO)
                || address instanceof DomainSocketAddress
                || address instanceof UnixDomainSocketAddress;
    }

    private void begin(ChannelHandlerContext ctx, @Nullable SocketAddress address, Consumer<@Nullable Exception> then) {
        begun = true;
        Absence obstacle = PeerCredentialsAcceptHandler.obstacle((ServerChannel) ctx.channel())
                .orElse(null);
        if (obstacle != null) {
            then.accept(refused(address, obstacle.message(), null));
            return;
        }
        guard.authorization()
                .whenComplete((authorization, failure) -> onEventLoop(
                        ctx,
                        () -> {
                            if (ctx.isRemoved()) {
                                then.accept(refused(address, "its channel was closed", null));
                            } else if (failure == null) {
                                open(ctx, address, authorization);
                                then.accept(null);
                            } else {
                                then.accept(refused(address, Guard.why(failure), failure));
                            }
                        },
                        () -> then.accept(refused(address, "its event loop is shut down", null))));
    }

    private void open(ChannelHandlerContext ctx, @Nullable SocketAddress address, PeerAuthorization authorization) {
        if (ready) {
            return;
        }
        ctx.pipeline().addAfter(ctx.name(), null, new PeerAuthorizationAcceptHandler(authorization));
        ctx.pipeline()
                .addAfter(
                        ctx.name(),
                        null,
                        PeerCredentialsAcceptHandler.builder() // whatever the next policy may want
                                .groups()
                                .label()
                                .admitAbsent()
                                .build());
        ready = true;
        Log.LOGGER.info("{} is guarded by {}", named(address), guard.settings().policy());
    }

    private static Object named(@Nullable SocketAddress address) {
        return address == null ? "a socket that was bound by another" : address;
    }

    private static BindException refused(@Nullable SocketAddress address, String why, @Nullable Throwable cause) {
        BindException exception =
                new BindException("netty-peercred-auto: " + named(address) + " is not served: " + why);
        if (cause != null) {
            exception.initCause(cause);
        }
        Log.LOGGER.error(exception.getMessage());
        return exception;
    }

    private static void onEventLoop(ChannelHandlerContext ctx, Runnable task, Runnable otherwise) {
        try {
            ctx.channel().eventLoop().execute(task);
        } catch (RejectedExecutionException e) {
            otherwise.run();
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        wantsRead = true;
        if (ready) {
            ctx.read();
        }
    }

    /** Lets nobody pass before the handlers behind can decide. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (ready) {
            ctx.fireChannelRead(msg);
        } else if (msg instanceof Channel child) {
            child.unsafe().closeForcibly();
        } else {
            ReferenceCountUtil.release(msg);
        }
    }
}
