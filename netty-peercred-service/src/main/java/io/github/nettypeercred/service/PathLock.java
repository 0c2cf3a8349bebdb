// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Inode;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import java.time.Duration;

/**
 * The lock under which a path is taken and given up: an open file description lock on {@code PATH.lock}. That file is never removed,
 * or two could each lock one of that name. The kernel gives the lock back when its holder ends.
 */
final class PathLock implements AutoCloseable {
    static final String SUFFIX = ".lock";
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final Duration PAUSE = Duration.ofMillis(5);

    private static final int REGULAR = 0100000;

    private final int fd;
    private final Step.Observer observer;

    private PathLock(int fd, Step.Observer observer) {
        this.fd = fd;
        this.observer = observer;
    }

    static PathLock acquire(SocketFolder folder, ServiceSocket.Builder wanted) throws ServiceSocketException {
        int fd = open(folder);
        boolean locked = false;
        try {
            long start = System.nanoTime();
            while (true) {
                wanted.observer.before(Step.LOCK);
                if (ServiceCalls.tryLock(fd)) {
                    if (isThere(folder, fd)) {
                        locked = true;
                        return new PathLock(fd, wanted.observer);
                    }
                    // Somebody has removed it while it was waited for: whoever comes now locks another one.
                    ServiceCalls.close(fd);
                    fd = -1;
                    fd = open(folder);
                }
                if (System.nanoTime() - start > wanted.lockPatience.toNanos()) {
                    throw new ServiceSocketException(
                            Reason.LOCKED,
                            folder.path + SUFFIX
                                    + ": another one that takes or gives up the path has kept the lock for "
                                    + wanted.lockPatience.toSeconds() + " s; fuser(1) on that file tells who");
                }
                Thread.sleep(wanted.lockPause.toMillis());
            }
        } catch (ErrnoException e) {
            throw folder.failed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServiceSocketException(
                    Reason.LOCKED, folder.path + ": interrupted while waiting for the lock", e);
        } finally {
            if (!locked && fd >= 0) {
                ServiceCalls.close(fd);
            }
        }
    }

    private static boolean isThere(SocketFolder folder, int fd) throws ErrnoException {
        try {
            return ServiceCalls.stat(folder.fd, folder.name + SUFFIX).isSame(ServiceCalls.stat(fd, null));
        } catch (ErrnoException e) {
            if (e.isNoSuchFile()) {
                return false;
            }
            throw e;
        }
    }

    private static int open(SocketFolder folder) throws ServiceSocketException {
        String name = folder.path + SUFFIX;
        int fd;
        try {
            fd = ServiceCalls.openLock(folder.fd, folder.name + SUFFIX);
        } catch (ErrnoException e) {
            String why = e.isPermissionDenied()
                    ? "permission denied: it is another user's, or this one may not write to the folder"
                    : String.valueOf(e.getMessage());
            throw new ServiceSocketException(Reason.FAILED, name + ": " + why, e);
        }
        try {
            Inode inode = ServiceCalls.stat(fd, null);
            if (inode.type() != REGULAR) {
                throw new ServiceSocketException(Reason.UNTRUSTED_PATH, name + ": is no regular file; remove it");
            }
            if (inode.owner() != 0 && inode.owner() != ServiceCalls.ownUid()) {
                throw new ServiceSocketException(
                        Reason.UNTRUSTED_PATH,
                        name + ": belongs to user " + inode.owner() + ", who could hold it; remove it");
            }
            if ((inode.mode() & 0077) != 0) {
                throw new ServiceSocketException(
                        Reason.UNTRUSTED_PATH, name + ": others may open it, and could hold it; chmod 600 " + name);
            }
            int opened = fd;
            fd = -1;
            return opened;
        } catch (ErrnoException e) {
            throw folder.failed(e);
        } finally {
            if (fd >= 0) {
                ServiceCalls.close(fd);
            }
        }
    }

    /** Tells of a step that is taken under the lock. */
    void before(Step step) {
        observer.before(step);
    }

    @Override
    public void close() {
        observer.before(Step.UNLOCK);
        ServiceCalls.unlock(fd);
    }
}
