// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Listener;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalInt;

/**
 * Who serves a socket, held by a process descriptor: what a pid file was read for. A signal goes to exactly the process that the kernel
 * names as the listener, and never to a later one with the same pid.
 *
 * <p>Its methods block and may be called from any thread, but not on an event loop. Linux; the process descriptor since 6.5.
 */
public final class RunningService implements AutoCloseable {
    private static final int CONNECT_MILLIS = 1000;
    private static final int SLICE_MILLIS = 200;

    private final Path path;
    private final Listener listener;
    private boolean closed;

    private RunningService(Path path, Listener listener) {
        this.path = path;
        this.listener = listener;
    }

    /**
     * Finds who serves a path, by connecting to it once; nothing is sent.
     *
     * @param path the socket's path. A relative one is taken from the working directory
     * @return who serves it
     * @throws ServiceSocketException if nobody does; if the path is a link, goes through one, or goes through a folder that others than
     *     root and this process's user can write to; or if the kernel does not say who
     */
    public static RunningService find(Path path) throws ServiceSocketException {
        try (SocketFolder folder = SocketFolder.open(path);
                HeldSocket held = folder.hold(folder.name)) {
            if (held == null) {
                throw new ServiceSocketException(Reason.NOT_SERVED, folder.path + ": there is no such file");
            }
            return connect(folder, held);
        }
    }

    /**
     * Connects to a held socket.
     *
     * @throws ServiceSocketException with {@link Reason#NOT_SERVED} only if the connection was refused; with {@link Reason#SERVED} if
     *     the backlog stayed full
     */
    static RunningService connect(SocketFolder folder, HeldSocket held) throws ServiceSocketException {
        int connection;
        try {
            connection = ServiceCalls.connect(held.fd(), CONNECT_MILLIS);
        } catch (ErrnoException e) {
            if (e.isConnectionRefused()) {
                throw new ServiceSocketException(
                        Reason.NOT_SERVED, folder.path + ": nobody listens on this socket (connection refused)", e);
            }
            if (e.isTryAgain()) {
                throw new ServiceSocketException(
                        Reason.SERVED,
                        folder.path + ": is served, by whom is not known: the backlog stayed full for " + CONNECT_MILLIS
                                + " ms",
                        e);
            }
            if (e.isPermissionDenied()) {
                throw new ServiceSocketException(
                        Reason.FAILED, folder.path + ": the socket's mode does not let you connect", e);
            }
            throw folder.failed(e);
        }
        Answer<Listener> listener = ServiceCalls.listener(connection);
        ServiceCalls.close(connection);
        if (listener.value().isEmpty()) {
            throw new ServiceSocketException(
                    Reason.SERVED, folder.path + ": is served, by whom is not known: " + listener);
        }
        return new RunningService(folder.path, listener.orElseThrow());
    }

    /**
     * Tells who it is.
     *
     * @return ids, executable and start
     */
    public synchronized ServedBy servedBy() {
        Answer<Boolean> running = running();
        Answer<String> executable = listener.process()
                .value()
                .map(process -> process.facts(Runnable::run).join().executable())
                .orElseGet(() -> unknown(listener.process()));
        return new ServedBy(pid(), listener.uid(), listener.gid(), running, executable, since());
    }

    /**
     * Returns the process id.
     *
     * @return 1 or more, empty if the process is not visible in this pid namespace
     */
    public OptionalInt pid() {
        return listener.pid() > 0 ? OptionalInt.of(listener.pid()) : OptionalInt.empty();
    }

    /**
     * Returns the effective user that the process had when it called listen(2).
     *
     * @return 0 to 2^32-2
     */
    public long uid() {
        return listener.uid();
    }

    /**
     * Makes sure that a certain user serves the socket.
     *
     * @param uid the user id
     * @return this
     * @throws ServiceSocketException if another one does
     */
    public RunningService requireUser(long uid) throws ServiceSocketException {
        if (listener.uid() != uid) {
            throw new ServiceSocketException(
                    Reason.OTHER_USER,
                    path + ": is served by user " + listener.uid() + ", not " + uid,
                    null,
                    servedBy());
        }
        return this;
    }

    /**
     * Sends a signal to the process: pidfd_send_signal(2).
     *
     * @param signal the signal's number; 0 sends none and makes the checks
     * @throws ServiceSocketException if it is process 1, is not visible in this pid namespace, or has ended while another one that
     *     inherited the socket serves on; or if this process may not signal it
     */
    public synchronized void signal(int signal) throws ServiceSocketException {
        requireExactProcess();
        try {
            ServiceCalls.signal(listener.pidfd(), signal);
        } catch (ErrnoException e) {
            if (e.isNoSuchProcess()) {
                throw ended();
            }
            throw new ServiceSocketException(
                    Reason.FAILED, path + ": cannot signal pid " + listener.pid() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Waits until the process has ended, waited for by its parent or not.
     *
     * @throws ServiceSocketException as {@link #signal}, if that was so at the start
     * @throws InterruptedException if the thread was interrupted
     */
    public void awaitExit() throws ServiceSocketException, InterruptedException {
        synchronized (this) {
            requireExactProcess();
        }
        while (!endsWithin(SLICE_MILLIS)) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    private synchronized boolean endsWithin(int millis) throws ServiceSocketException {
        requireOpen();
        try {
            return ServiceCalls.awaitExit(listener.pidfd(), millis);
        } catch (ErrnoException e) {
            throw new ServiceSocketException(Reason.FAILED, path + ": " + e.getMessage(), e);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("closed");
        }
    }

    private void requireExactProcess() throws ServiceSocketException {
        requireOpen();
        if (listener.pid() == 0) {
            throw inexact("the process that serves is not visible in this pid namespace");
        }
        if (listener.pid() == 1) {
            throw inexact(
                    "process 1 listens: the server was started by socket activation and has not called listen(2)");
        }
        Answer<Boolean> running = running();
        if (running.value().isEmpty()) {
            throw inexact("there is no handle of the process that serves: " + running);
        }
        if (!running.orElseThrow()) {
            throw ended();
        }
    }

    private ServiceSocketException ended() {
        return inexact(
                "pid " + listener.pid() + " listened and has ended; another process that inherited the socket serves");
    }

    private ServiceSocketException inexact(String message) {
        return new ServiceSocketException(Reason.NO_EXACT_PROCESS, path + ": " + message);
    }

    private Answer<Boolean> running() {
        try {
            return Answer.known(listener.process().orElseThrow().isAlive());
        } catch (AbsentException e) {
            return e.absence().reason() == AbsenceReason.REAPED ? Answer.known(false) : Answer.unknown(e.absence());
        }
    }

    /** The start of the process under that pid, which is this process's if it runs afterwards. */
    private Answer<Instant> since() {
        if (listener.pid() == 0) {
            return Answer.unknown(
                    new Absence(AbsenceReason.UNMAPPED, "the process is not visible in this pid namespace"));
        }
        Instant start = ProcessHandle.of(listener.pid())
                .flatMap(process -> process.info().startInstant())
                .orElse(null);
        Answer<Boolean> running = running();
        if (running.value().isEmpty()) {
            return unknown(running);
        }
        if (!running.orElseThrow()) {
            return Answer.unknown(new Absence(AbsenceReason.REAPED, "the process has ended"));
        }
        return start == null
                ? Answer.unknown(new Absence(AbsenceReason.UNAVAILABLE, "/proc does not say"))
                : Answer.known(start);
    }

    private static <T> Answer<T> unknown(Answer<?> why) {
        return Answer.unknown(why.absence().orElseThrow());
    }

    /** Closes the process descriptor. */
    @Override
    public synchronized void close() {
        closed = true;
        listener.process().value().ifPresent(PeerProcess::close);
    }
}
