// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.service.ServiceSocket.Origin;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** One attempt to take a path, under its lock. */
final class Taking {
    /** Beside the path, for as long as it is being taken. The lock makes it one starter's; what a killed one left is used again. */
    static final String FOLDER_SUFFIX = ".new";

    /** The socket's first name, in that folder. */
    static final String NAME = "s";

    private static final InternalLogger LOGGER = InternalLoggerFactory.getInstance("io.github.nettypeercred");

    private final ServiceSocket.Builder wanted;
    private final SocketFolder folder;

    Taking(ServiceSocket.Builder wanted, SocketFolder folder) {
        this.wanted = wanted;
        this.folder = folder;
    }

    /** A socket that listens, and its file. */
    record Taken(int fd, HeldSocket held, Origin origin, int control) {}

    Taken take() throws ServiceSocketException {
        try (PathLock lock = PathLock.acquire(folder, wanted)) {
            OptionalInt inherited = Activation.take(folder.path);
            lock.before(Step.PROBE);
            requireRoomForControl();
            HeldSocket there = folder.hold(folder.name);
            Listening listening;
            if (inherited.isPresent()) {
                listening = adopt(inherited.getAsInt(), there);
            } else if (there == null) {
                listening = bind(folder.name, wanted.mode, wanted.owner, wanted.group, false);
            } else {
                listening = replaceOrTakeOver(there);
            }
            return listening.taken(control(listening));
        } catch (ErrnoException e) {
            throw folder.failed(e);
        }
    }

    private Listening adopt(int fd, @Nullable HeldSocket there) throws ServiceSocketException, ErrnoException {
        if (there == null) {
            throw new ServiceSocketException(
                    Reason.FAILED, folder.path + ": this process was started with that socket, and the file is gone");
        }
        try {
            ServiceCalls.adopt(fd);
            ServiceCalls.listen(fd, wanted.backlog);
            requireServedByThis(there);
        } catch (ServiceSocketException | ErrnoException e) {
            there.close();
            throw e;
        }
        return new Listening(fd, there, Origin.ACTIVATED);
    }

    /** The file may be another one than that of the inherited socket: then nobody would ever come. */
    private void requireServedByThis(HeldSocket there) throws ServiceSocketException {
        try (RunningService running = RunningService.connect(folder, there)) {
            if (running.pid().orElse(-1) != ProcessHandle.current().pid()) {
                ServedBy who = running.servedBy();
                throw new ServiceSocketException(
                        Reason.SERVED,
                        folder.path
                                + ": this process was started with another socket of that path; this one is served by "
                                + who,
                        null,
                        who);
            }
        } catch (ServiceSocketException e) {
            if (!isFull(e)) {
                throw e;
            }
        }
    }

    private static boolean isFull(ServiceSocketException e) {
        return e.reason() == Reason.SERVED && e.servedBy().isEmpty();
    }

    private Listening replaceOrTakeOver(HeldSocket there) throws ServiceSocketException, ErrnoException {
        try (RunningService running = RunningService.connect(folder, there)) {
            if (wanted.takeOver) {
                return HandOverClient.take(folder, there, running.servedBy(), wanted.backlog);
            }
            ServedBy who = running.servedBy();
            throw new ServiceSocketException(Reason.SERVED, folder.path + ": is served by " + who, null, who);
        } catch (ServiceSocketException e) {
            if (wanted.takeOver && isFull(e)) {
                return HandOverClient.take(folder, there, null, wanted.backlog);
            }
            if (e.reason() != Reason.NOT_SERVED) {
                throw e;
            }
        } finally {
            there.close();
        }
        return bind(folder.name, wanted.mode, wanted.owner, wanted.group, true);
    }

    /** Fails before anything is taken rather than after. */
    private void requireRoomForControl() throws ServiceSocketException {
        if (wanted.offerHandOver) {
            HeldSocket there = folder.hold(folder.name + HandOverClient.SUFFIX);
            if (there != null) {
                there.close();
            }
        }
    }

    /** The socket at which a successor asks for this one, or -1. */
    private int control(Listening listening) throws ServiceSocketException {
        String name = folder.name + HandOverClient.SUFFIX;
        boolean handedOver = listening.origin == Origin.HANDED_OVER;
        if (!wanted.offerHandOver) {
            if (handedOver) {
                removeControl(name);
            }
            return -1;
        }
        try (HeldSocket there = folder.hold(name)) {
            Listening control = bind(name, 0600, -1, -1, there != null);
            control.held.close();
            return control.fd;
        } catch (ServiceSocketException e) {
            if (handedOver) {
                LOGGER.warn("{} is served, and cannot be handed over", folder.path, e);
                return -1; // there is nobody else to serve any more
            }
            listening.close();
            throw e;
        }
    }

    private void removeControl(String name) {
        try {
            ServiceCalls.unlink(folder.fd, name);
        } catch (ErrnoException e) {
            LOGGER.debug("{} is left", folder.path.resolveSibling(name), e);
        }
    }

    /** Binds to a name in a folder that nobody else may enter, makes everything right there, and gives it the name that counts. */
    private Listening bind(String name, int mode, long owner, long group, boolean replace)
            throws ServiceSocketException {
        wanted.observer.before(Step.BIND);
        int inner = -1;
        int fd = -1;
        HeldSocket held = null;
        try {
            inner = ServiceCalls.privateFolder(folder.fd, folder.name + FOLDER_SUFFIX);
            removeLeftOver(inner);
            fd = ServiceCalls.socket(mode);
            ServiceCalls.bind(fd, folder.path + FOLDER_SUFFIX + '/' + NAME);
            int heldFd = ServiceCalls.hold(inner, NAME);
            held = new HeldSocket(heldFd, ServiceCalls.stat(heldFd, null));
            ServiceCalls.changeMode(inner, NAME, mode); // what the umask took away
            ServiceCalls.listen(fd, wanted.backlog);
            if (owner != -1 || group != -1) {
                ServiceCalls.changeOwner(inner, NAME, owner, group);
            }
            wanted.observer.before(Step.RENAME);
            ServiceCalls.rename(inner, NAME, folder.fd, name, replace);
            Listening listening = new Listening(fd, held, Origin.BOUND);
            fd = -1;
            held = null;
            return listening;
        } catch (ErrnoException e) {
            throw folder.failed(e);
        } finally {
            if (held != null) {
                held.close();
            }
            if (fd >= 0) {
                ServiceCalls.close(fd);
            }
            if (inner >= 0) {
                removeFolder(inner);
            }
        }
    }

    private static void removeLeftOver(int inner) throws ErrnoException {
        try {
            ServiceCalls.unlink(inner, NAME);
        } catch (ErrnoException e) {
            if (!e.isNoSuchFile()) {
                throw e;
            }
        }
    }

    private void removeFolder(int inner) {
        try {
            removeLeftOver(inner);
            ServiceCalls.removeFolder(folder.fd, folder.name + FOLDER_SUFFIX);
        } catch (ErrnoException e) {
            // the next starter uses it
        }
        ServiceCalls.close(inner);
    }

    /** A socket that listens and has no owner yet but this attempt. */
    record Listening(int fd, HeldSocket held, Origin origin) implements AutoCloseable {
        Taken taken(int control) {
            return new Taken(fd, held, origin, control);
        }

        @Override
        public void close() {
            ServiceCalls.close(fd);
            held.close();
        }
    }
}
