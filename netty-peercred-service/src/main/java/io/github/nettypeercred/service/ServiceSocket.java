// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket's path that this process alone serves: what a pid file and its lock were for. Of several servers started at once exactly
 * one takes the path, and each other one is told who has it.
 *
 * <p>{@link Builder#take()} leaves a socket that listens already: what connects from then on waits until {@link #serve} accepts it. The
 * file has its mode and owner from the first instant that others can see it, and a socket that a dead server left is replaced in one step,
 * so that no client finds nothing there. {@link #close()} removes the file if it still is this server's and nobody else listens.
 *
 * <p>Linux, with Netty's epoll transport: Netty makes no server channel of io_uring of a descriptor that exists. Its methods may be called from
 * any thread; {@link Builder#take()} and {@link #close()} block, and must not be called on an event loop.
 */
public final class ServiceSocket implements AutoCloseable {
    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred");

    /** Where a socket comes from. */
    public enum Origin {
        /** This process bound it. */
        BOUND,
        /** This process was started with it: sd_listen_fds(3). Its file is the activator's, and never removed. */
        ACTIVATED,
        /** The process that served before handed it over. */
        HANDED_OVER
    }

    private final SocketFolder folder;
    private final HeldSocket held;
    private final Origin origin;
    private final Builder wanted;
    private final CompletableFuture<Void> handedOver = new CompletableFuture<>();

    // -1 once a channel owns it.
    private int fd;
    private int control;
    private @Nullable Channel server;
    private volatile @Nullable HandOverServer offer;
    private boolean closed;

    private ServiceSocket(SocketFolder folder, Taking.Taken taken, Builder wanted) {
        this.folder = folder;
        this.wanted = wanted;
        held = taken.held();
        origin = taken.origin();
        fd = taken.fd();
        control = taken.control();
    }

    /**
     * Begins to take a path.
     *
     * @param path the socket's path. A relative one is taken from the working directory. It may have at most 101 bytes
     * @return what to ask for
     */
    public static Builder builder(Path path) {
        return new Builder(Objects.requireNonNull(path, "path"));
    }

    /**
     * Accepts connections, on a server channel made of the descriptor that listens.
     *
     * @param bootstrap group, handlers, options and attributes of the server, without a channel class, which is
     *     {@link EpollServerDomainSocketChannel}; it is not changed
     * @return a future that is complete once the channel is registered and active. The channel's {@code localAddress()} is null
     * @throws IllegalStateException if this serves already, or is closed
     */
    public synchronized ChannelFuture serve(ServerBootstrap bootstrap) {
        if (closed || fd < 0) {
            throw new IllegalStateException(closed ? "closed" : "it serves already");
        }
        Object autoRead = bootstrap.config().options().get(ChannelOption.AUTO_READ);
        int listening = fd;
        ChannelFuture registered = bootstrap
                .clone()
                .channelFactory(() -> {
                    fd = -1;
                    return new EpollServerDomainSocketChannel(listening, true);
                })
                // Not before the acceptor is in the pipeline: it would not be missed, and the connection would.
                .option(ChannelOption.AUTO_READ, false)
                .register();
        Channel channel = registered.channel();
        server = channel;
        int successors = control;
        control = -1;
        registered.addListener(done -> {
            if (!done.isSuccess()) {
                if (successors >= 0) {
                    ServiceCalls.close(successors);
                }
                return;
            }
            channel.eventLoop().execute(() -> {
                if (successors >= 0 && !channel.isActive()) {
                    ServiceCalls.close(successors); // closed meanwhile
                } else if (successors >= 0) {
                    offer = HandOverServer.offer(channel, held, successors, () -> handedOver.complete(null));
                }
                channel.config().setAutoRead(!Boolean.FALSE.equals(autoRead));
            });
        });
        return registered;
    }

    /**
     * Returns the path, absolute.
     *
     * @return the path
     */
    public Path path() {
        return folder.path;
    }

    /**
     * Returns where the socket comes from.
     *
     * @return the origin
     */
    public Origin origin() {
        return origin;
    }

    /**
     * Returns what completes once a successor serves in place of this process and the server channel is closed. What it accepted stays open.
     *
     * @return a future that completes on the server channel's event loop; never, unless {@link Builder#offerHandOver()} was asked for
     */
    public CompletableFuture<Void> handedOver() {
        return handedOver.copy();
    }

    /**
     * Stops to serve. Closes the server channel, if it is not closed yet, and removes the file if it still is the one that was taken and
     * nobody listens any more: neither a successor, nor an activator, nor a child that inherited the socket. Closing again does nothing.
     *
     * <p>Connections that were accepted stay open.
     *
     * @throws IllegalStateException on the server channel's event loop
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        if (server != null && server.eventLoop().inEventLoop()) {
            throw new IllegalStateException("close() waits for the event loop, and must not be called on it");
        }
        closed = true;
        stop();
        if (origin != Origin.ACTIVATED && !handedOver.isDone()) {
            remove();
        }
        held.close();
        folder.close();
    }

    private void stop() {
        Channel channel = server;
        if (channel != null) {
            channel.close().awaitUninterruptibly();
            try {
                // Behind the task that makes the offer, if that is still to come.
                channel.eventLoop().submit(this::endOffer).awaitUninterruptibly();
            } catch (RejectedExecutionException e) {
                // the event loop has ended, and has closed its channels
            }
        }
        if (fd >= 0) {
            ServiceCalls.close(fd);
        }
        if (control >= 0) {
            ServiceCalls.close(control);
        }
    }

    private void endOffer() {
        HandOverServer offered = offer;
        if (offered != null) {
            offered.close();
        }
    }

    private void remove() {
        try (PathLock lock = PathLock.acquire(folder, wanted);
                HeldSocket there = folder.hold(folder.name)) {
            if (there == null || !there.inode().isSame(held.inode()) || isServed(there)) {
                return;
            }
            lock.before(Step.UNLINK);
            ServiceCalls.unlink(folder.fd, folder.name);
            if (wanted.offerHandOver) {
                ServiceCalls.unlink(folder.fd, folder.name + HandOverClient.SUFFIX);
            }
        } catch (ServiceSocketException | ErrnoException e) {
            LOGGER.debug("{} is left, for the next server to replace", folder.path, e);
        }
    }

    private boolean isServed(HeldSocket there) {
        try (RunningService running = RunningService.connect(folder, there)) {
            return running.uid() >= 0;
        } catch (ServiceSocketException e) {
            return e.reason() != Reason.NOT_SERVED;
        }
    }

    @Override
    public String toString() {
        return "ServiceSocket(" + folder.path + ", " + origin + ')';
    }

    /** What is asked for of a path, and how it is taken. Not for several threads at once. */
    public static final class Builder {
        private final Path path;
        int mode = 0600;
        long owner = -1;
        long group = -1;
        int backlog = 4096;
        boolean takeOver;
        boolean offerHandOver;
        Duration lockPatience = PathLock.PATIENCE;
        Duration lockPause = PathLock.PAUSE;
        Step.Observer observer = Step.Observer.NONE;

        private Builder(Path path) {
            this.path = path;
        }

        /**
         * Sets the permissions of the socket's file, whatever the umask. To connect takes the permission to write. 0600 unless set. Those of
         * an activated or handed-over socket stay as they are.
         *
         * @param mode 0 to 0777
         * @return this
         */
        public Builder mode(int mode) {
            if ((mode & ~0777) != 0) {
                throw new IllegalArgumentException("mode: 0" + Integer.toOctalString(mode));
            }
            this.mode = mode;
            return this;
        }

        /**
         * Sets the owner of the socket's file: chown(2), which takes root. This process's effective user unless set.
         *
         * @param uid 0 to 2^32-2
         * @return this
         */
        public Builder owner(long uid) {
            owner = id(uid);
            return this;
        }

        /**
         * Sets the group of the socket's file: chown(2), which takes root or membership.
         *
         * @param gid 0 to 2^32-2
         * @return this
         */
        public Builder group(long gid) {
            group = id(gid);
            return this;
        }

        private static long id(long id) {
            if (id < 0 || id >= 0xFFFF_FFFFL) {
                throw new IllegalArgumentException("not an id: " + id);
            }
            return id;
        }

        /**
         * Sets how many connections may wait to be accepted: listen(2), which limits it to {@code /proc/sys/net/core/somaxconn}. 4096 unless
         * set.
         *
         * @param backlog 0 or more
         * @return this
         */
        public Builder backlog(int backlog) {
            if (backlog < 0) {
                throw new IllegalArgumentException("backlog: " + backlog);
            }
            this.backlog = backlog;
            return this;
        }

        /**
         * If somebody serves the path and {@linkplain #offerHandOver() offers} to hand it over, take it from them instead of failing. No
         * connection is refused, and none is lost that waits to be accepted.
         *
         * @return this
         */
        public Builder takeOver() {
            takeOver = true;
            return this;
        }

        /**
         * Hand the socket over to a process of root or this process's effective user that {@linkplain #takeOver() asks} for it, at
         * {@code PATH.handover}.
         *
         * @return this
         */
        public Builder offerHandOver() {
            offerHandOver = true;
            return this;
        }

        /**
         * Takes the path: adopts the socket that this process was started with at that path (socket activation), replaces one that nobody
         * serves, takes over if asked for, else binds a new one. Blocks: about a second at most for a server whose backlog is full, and longer
         * for one that is about to take or give up the same path.
         *
         * @return the socket, which listens; who connects from now on is told that this process does
         * @throws ServiceSocketException {@link Reason#SERVED} with who serves, or why the path is refused
         */
        public ServiceSocket take() throws ServiceSocketException {
            SocketFolder folder = SocketFolder.open(path);
            boolean done = false;
            try {
                folder.requireShortPath();
                ServiceSocket socket = new ServiceSocket(folder, new Taking(this, folder).take(), this);
                done = true;
                return socket;
            } finally {
                if (!done) {
                    folder.close();
                }
            }
        }
    }
}
