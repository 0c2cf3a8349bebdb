// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.github.nettypeercred.authz.PeerAccess;
import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.util.AttributeKey;

/**
 * Puts a guard in front of every Unix-socket server that is made by a {@link io.netty.bootstrap.ServerBootstrap}: Netty loads this if it is started with
 * {@code -Dio.netty.bootstrap.extensions=serviceload}. {@code -Dnettypeercred.auto.policy} names the policy file.
 *
 * <p>It decides about a connection when it is accepted, before the application's initializer sees it: no order of handlers can undo that. Without a policy, or
 * with a bad one, these servers are not started. TCP and in-VM servers are left alone.
 *
 * <p>Netty catches what the methods throw and goes on, so they never leave a server open by throwing.
 */
public final class GuardExtension extends ChannelInitializerExtension {
    private static final AttributeKey<Boolean> GUARDED = AttributeKey.valueOf(GuardExtension.class, "GUARDED");

    /** Of those that Netty suggests the last to be called, so that other extensions' handlers stand behind. */
    private static final double LAST = 100;

    private final Guard guard;

    /**
     * Makes the extension, for {@link java.util.ServiceLoader}.
     *
     * @throws IllegalStateException if a policy is set, and Netty only logs which extensions there are: then nothing would be guarded
     */
    public GuardExtension() {
        this(Guard.ofProcess());
        if ("log".equalsIgnoreCase(System.getProperty(EXTENSIONS_SYSTEM_PROPERTY))
                && guard.settings().policy() != null) {
            throw new IllegalStateException("-D" + EXTENSIONS_SYSTEM_PROPERTY + "=log loads extensions without using"
                    + " them, and -D" + Settings.POLICY + " is set: set the former to serviceload");
        }
    }

    GuardExtension(Guard guard) {
        this.guard = guard;
    }

    @Override
    public double priority() {
        return LAST;
    }

    @Override
    public void postInitializeServerListenerChannel(ServerChannel server) {
        if (guard.settings().isOff() || server instanceof ServerSocketChannel || server instanceof LocalServerChannel) {
            return;
        }
        try {
            setGuarded(server, true);
            server.pipeline().addFirst(new ServerGuardHandler(guard));
        } catch (Throwable t) {
            Log.LOGGER.error("not started, because it cannot be guarded: {}", server, t);
            server.unsafe().closeForcibly();
        }
    }

    /** Closes a connection about which nobody has decided, because somebody has taken our handlers from the server. */
    @Override
    public void postInitializeServerChildChannel(Channel child) {
        try {
            if (isGuarded(child.parent()) && !isLetIn(child)) {
                Log.LOGGER.warn("closed, because its server's guard is gone: {}", child);
                child.unsafe().closeForcibly();
            }
        } catch (Throwable t) {
            Log.LOGGER.error("closed: {}", child, t);
            child.unsafe().closeForcibly();
        }
    }

    private static boolean isLetIn(Channel child) {
        PeerAccess access = PeerAccess.of(child);
        return access.isAllowed();
    }

    /** Looks after channels of datagrams: what binds one is a server, whatever the bootstrap is called. */
    @Override
    public void postInitializeClientChannel(Channel channel) {
        if (channel instanceof ServerChannel server) { // of an application that accepts by itself
            postInitializeServerListenerChannel(server);
            return;
        }
        if (!(channel instanceof DomainDatagramChannel) || guard.settings().openDatagrams()) {
            return;
        }
        try {
            channel.pipeline().addFirst(new DatagramGuardHandler());
        } catch (Throwable t) {
            Log.LOGGER.error("not started, because it cannot be guarded: {}", channel, t);
            channel.unsafe().closeForcibly();
        }
    }

    static void setGuarded(Channel server, boolean guarded) {
        server.attr(GUARDED).set(guarded);
    }

    private static boolean isGuarded(Channel server) {
        return Boolean.TRUE.equals(server.attr(GUARDED).get());
    }
}
