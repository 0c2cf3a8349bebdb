// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.process;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.spi.ProcessCalls;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * The process on the other end of a socket, held by a process descriptor (pidfd) that can never come to mean another
 * process, whatever becomes of its pid.
 *
 * <p>One object owns the descriptor and closes it exactly once: a handle captured on a channel closes with the channel.
 * All methods may be called from any thread. After {@link #close()}, {@link #isAlive()} and {@link #currentIds()} throw
 * {@link AbsentException} with reason {@link AbsenceReason#CLOSED}, {@link #exitFuture} fails with it, and {@link #facts} gives that
 * reason for each fact.
 *
 * <p>Source: pidfd_open(2); socket option SO_PEERPIDFD, Linux 6.5.
 */
public final class PeerProcess implements AutoCloseable {
    private final Descriptor descriptor;
    private final Cleaner.Cleanable cleanable;
    private Set<Future<Void>> waits = Set.of(); // few are ever waited for
    private boolean closed;

    /**
     * Takes over a process descriptor.
     *
     * @param pidfd an open process descriptor, owned by this object from now on
     * @param calls the system calls on it
     */
    public PeerProcess(int pidfd, ProcessCalls calls) {
        if (pidfd < 0) {
            throw new IllegalArgumentException("pidfd: " + pidfd);
        }
        descriptor = new Descriptor(pidfd, Objects.requireNonNull(calls, "calls"));
        cleanable = LastResort.CLEANER.register(this, descriptor);
    }

    /**
     * Tells whether the process still runs, by asking its descriptor, not its pid. Does not block.
     *
     * @return false once it has ended, whether or not its parent has waited for it
     */
    public synchronized boolean isAlive() {
        return !descriptor.calls.hasExited(openDescriptor());
    }

    /**
     * Returns the ids that the process has now: not those of the moment of capture. Does not block.
     *
     * @return the ids, or why they are unknown: {@link AbsenceReason#UNSUPPORTED} before Linux 6.13, {@link
     *     AbsenceReason#REAPED}, {@link AbsenceReason#UNMAPPED} where it or an id of it is not visible here, {@link
     *     AbsenceReason#FAILED}
     */
    public synchronized Answer<ProcessIds> currentIds() {
        return descriptor.calls.ids(openDescriptor());
    }

    /**
     * Reads what {@code /proc} says about the process, and drops it unless the descriptor still names that process
     * afterwards.
     *
     * @param executor where to read, which may block for as long as the file system likes: not an event loop
     * @return the facts, each known or absent with a reason; it does not complete exceptionally
     * @throws java.util.concurrent.RejectedExecutionException if the executor takes no tasks
     */
    public CompletableFuture<ProcessFacts> facts(Executor executor) {
        return CompletableFuture.supplyAsync(
                () -> new ProcFile(this).facts(), Objects.requireNonNull(executor, "executor"));
    }

    /**
     * Returns a future that succeeds on an event loop when the process ends, for leases and locks: its descriptor is registered
     * with that loop. At once, if the process has ended. Each call costs a descriptor until its future is done.
     *
     * <pre>{@code
     * process.exitFuture(channel.eventLoop()).addListener(exit -> {
     *     if (exit.isSuccess()) {
     *         locks.release(channel); // runs on the event loop
     *     }
     * });
     * }</pre>
     *
     * <p>The process has ended when all its threads have, whether or not its parent has waited for it; exec(2) is no end. The pid may
     * be another's by the time the listener runs.
     *
     * @param loop an event loop of epoll or io_uring, with Netty 4.2: that of the channel, for one
     * @return cancel it to end the wait. It is cancelled when this handle closes, with its channel, or the event loop shuts
     *     down: a {@linkplain #duplicate() duplicate} waits on. It fails with {@link AbsentException} if this handle is closed, if
     *     there is no descriptor to spare, or if that event loop cannot wait
     */
    public Future<Void> exitFuture(EventLoop loop) {
        Future<Void> wait;
        synchronized (this) {
            int copy;
            try {
                copy = descriptor.calls.duplicate(openDescriptor());
            } catch (AbsentException e) {
                return loop.newFailedFuture(e);
            }
            wait = ExitWaits.begin(loop, copy);
            if (waits.isEmpty()) {
                waits = new HashSet<>();
            }
            waits.add(wait);
        }
        wait.addListener(done -> forget(wait));
        return wait;
    }

    private synchronized void forget(Future<Void> wait) {
        waits.remove(wait);
    }

    /**
     * Makes a second handle of the same process, which does not close with the channel: the caller closes it.
     *
     * @return another handle, on a descriptor of its own
     * @throws AbsentException if this one is closed, or there is no descriptor to spare
     */
    public synchronized PeerProcess duplicate() {
        return new PeerProcess(descriptor.calls.duplicate(openDescriptor()), descriptor.calls);
    }

    /** Closes the descriptor and cancels the exit futures. Closing again does nothing. */
    @Override
    public void close() {
        List<Future<Void>> pending;
        synchronized (this) {
            closed = true;
            cleanable.clean();
            pending = List.copyOf(waits);
        }
        for (Future<Void> wait : pending) {
            wait.cancel(false);
        }
    }

    /** Runs a read that needs the descriptor open under its number. */
    synchronized <T> T withDescriptor(DescriptorRead<T> read) throws IOException {
        return read.apply(openDescriptor());
    }

    private int openDescriptor() {
        if (closed) {
            throw new AbsentException(new Absence(
                    AbsenceReason.CLOSED,
                    "the process handle is closed: it closes with the channel it was captured on"));
        }
        return descriptor.pidfd;
    }

    @Override
    public synchronized String toString() {
        return "PeerProcess(" + (closed ? "closed" : "pidfd " + descriptor.pidfd) + ')';
    }

    @FunctionalInterface
    interface DescriptorRead<T> {
        T apply(int pidfd) throws IOException;
    }

    private record Descriptor(int pidfd, ProcessCalls calls) implements Runnable {
        @Override
        public void run() {
            calls.close(pidfd);
        }
    }

    /** Made at the first handle only: it is a thread. */
    private static final class LastResort {
        static final Cleaner CLEANER = Cleaner.create();
    }
}
