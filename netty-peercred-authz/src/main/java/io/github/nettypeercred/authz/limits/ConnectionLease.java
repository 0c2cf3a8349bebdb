// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.util.AttributeKey;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** One connection that an account has open, given back exactly once. */
final class ConnectionLease implements ChannelFutureListener {
    /** Of Object, because what is stored may be anybody's. */
    private static final AttributeKey<Object> KEY =
            AttributeKey.valueOf("io.github.nettypeercred.authz.limits.ConnectionLease");

    private final Accounts accounts;
    private final Channel channel;
    private final AtomicBoolean givenBack = new AtomicBoolean();

    /** Set when the connection is opened; null before. */
    @Nullable
    Account account;

    ConnectionLease(Accounts accounts, Channel channel) {
        this.accounts = accounts;
        this.channel = channel;
    }

    /** Makes the lease known to the channel's handlers, and ends it with the channel. */
    void bind() {
        channel.attr(KEY).set(this);
        channel.closeFuture().addListener(this);
    }

    /** The lease of exactly this channel under these limits, null if it has none. */
    static @Nullable ConnectionLease of(Channel channel, Accounts accounts) {
        return channel.hasAttr(KEY)
                        && channel.attr(KEY).get() instanceof ConnectionLease lease
                        && lease.channel == channel
                        && lease.accounts == accounts
                ? lease
                : null;
    }

    Account account() {
        return Objects.requireNonNull(account, "account");
    }

    /** Closed before it was registered: closeForcibly() completes no close future then. */
    boolean endIfClosed() {
        if (!channel.isOpen()) {
            giveBack();
        }
        return givenBack.get();
    }

    /** Whether the close future is certain to end it. */
    boolean isSettled() {
        return endIfClosed() || channel.isRegistered();
    }

    void giveBack() {
        if (givenBack.compareAndSet(false, true)) {
            accounts.close(account());
        }
    }

    @Override
    public void operationComplete(ChannelFuture closed) {
        giveBack();
    }
}
