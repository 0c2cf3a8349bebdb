// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import io.github.nettypeercred.AttestedMessage;
import io.github.nettypeercred.authz.AuthorizedMessage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Charges what one connection's peer sends to its account, and does not read while that account is in debt. */
final class LimitsHandler extends ChannelDuplexHandler {
    private final PeerLimits limits;
    private final Counted counted;

    private @Nullable Account account;
    private boolean refused;
    private boolean inDebt;
    private boolean unwritable;

    /** A read() that came while reads were held. */
    private boolean readHeld;

    /** Whether autoRead was on when reads were held, and is to be put on again. */
    private boolean autoRead;

    private @Nullable Future<?> wait;

    LimitsHandler(PeerLimits limits, Counted counted) {
        this.limits = limits;
        this.counted = counted;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive() && ConnectionLease.of(ctx.channel(), limits.accounts()) == null) {
            // Later, since the handlers behind may not be there yet to be told, and channelActive may come or may not.
            ctx.executor().execute(() -> {
                if (!ctx.isRemoved() && ctx.channel().isActive() && PeerLimits.isCaptured(ctx.channel())) {
                    begin(ctx);
                }
            });
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (begin(ctx)) {
            ctx.fireChannelActive();
        }
    }

    /** Finds the account, and holds reads if it is in debt. Returns whether the connection stays. */
    private boolean begin(ChannelHandlerContext ctx) {
        if (account != null || refused) {
            return !refused;
        }
        ConnectionLease lease = ConnectionLease.of(ctx.channel(), limits.accounts());
        if (lease == null) {
            if (!PeerLimits.isCaptured(ctx.channel())) {
                refused = true;
                ctx.fireExceptionCaught(
                        new IllegalStateException(
                                "nobody has captured whose connection this is: add a"
                                        + " PeerCredentialsHandler in front that captures at connect, or PeerLimits.acceptHandler() to the server"));
                ctx.close();
                return false;
            }
            ConnectionLease mine = new ConnectionLease(limits.accounts(), ctx.channel());
            Limit limit = limits.open(ctx.channel(), mine);
            if (limit != null) {
                refuse(ctx, limit);
                return false;
            }
            mine.bind();
            lease = mine;
        }
        account = lease.account();
        return charge(ctx, account, 0, 0);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (begin(ctx) && account != null && charge(ctx, account, counted.messages, counted.bytes ? sizeOf(msg) : 0)) {
            ctx.fireChannelRead(msg);
        } else {
            ReferenceCountUtil.release(msg);
        }
    }

    private static long sizeOf(Object msg) {
        if (msg instanceof ByteBuf buffer) {
            return buffer.readableBytes();
        }
        if (msg instanceof ByteBufHolder holder) {
            return holder.content().readableBytes();
        }
        if (msg instanceof AuthorizedMessage authorized) {
            return sizeOf(authorized.message());
        }
        return msg instanceof AttestedMessage attested ? sizeOf(attested.message()) : 0;
    }

    /** Charges, and refuses the connection or holds its reads if that is too much. Returns whether it stays. */
    private boolean charge(ChannelHandlerContext ctx, Account to, int messages, long bytes) {
        long nanos = limits.accounts().charge(to, messages, bytes);
        if (nanos < 0) {
            refuse(ctx, Accounts.limit(nanos));
            return false;
        }
        if (nanos > 0 && !inDebt) {
            inDebt = true;
            limits.countSlowed(limits.accounts().slowest(to));
            wait = ctx.executor().schedule(() -> goOn(ctx, to), nanos, TimeUnit.NANOSECONDS);
        }
        if (inDebt || unwritable) {
            hold(ctx); // each time, since others may have put autoRead on
        }
        return true;
    }

    private void refuse(ChannelHandlerContext ctx, Limit limit) {
        refused = true;
        limits.countRefused(limit);
        ctx.fireUserEventTriggered(new PeerLimitExceeded(limit));
        ctx.close();
    }

    private void goOn(ChannelHandlerContext ctx, Account of) {
        wait = null;
        if (ctx.isRemoved() || !ctx.channel().isActive()) {
            return;
        }
        // Its other connections may have spent what this one waited for.
        long nanos = limits.accounts().charge(of, 0, 0);
        if (nanos > 0) {
            wait = ctx.executor().schedule(() -> goOn(ctx, of), nanos, TimeUnit.NANOSECONDS);
        } else {
            inDebt = false;
            letGo(ctx);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (limits.holdsUnwritable()) {
            unwritable = !ctx.channel().isWritable();
            if (unwritable) {
                hold(ctx);
            } else {
                letGo(ctx);
            }
        }
        ctx.fireChannelWritabilityChanged();
    }

    private void hold(ChannelHandlerContext ctx) {
        // With autoRead on, epoll goes on reading whether or not read() is called.
        if (ctx.channel().config().isAutoRead()) {
            autoRead = true;
            ctx.channel().config().setAutoRead(false);
        }
    }

    private void letGo(ChannelHandlerContext ctx) {
        if (inDebt || unwritable || refused) {
            return;
        }
        boolean held = readHeld;
        readHeld = false;
        if (autoRead) {
            autoRead = false;
            ctx.channel().config().setAutoRead(true); // which reads
        } else if (held) {
            ctx.read();
        }
    }

    @Override
    public void read(ChannelHandlerContext ctx) {
        if (inDebt || unwritable || refused) {
            readHeld = true;
        } else {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
        if (!refused) {
            ctx.fireUserEventTriggered(evt);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!refused) {
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        endWait();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        endWait();
        inDebt = false;
        unwritable = false;
        if (ctx.channel().isActive()) {
            letGo(ctx);
        }
    }

    private void endWait() {
        if (wait != null) {
            wait.cancel(false);
            wait = null;
        }
    }
}
