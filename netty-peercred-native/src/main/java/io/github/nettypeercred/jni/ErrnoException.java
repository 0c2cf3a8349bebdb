// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import java.io.IOException;

/** A system call that failed. */
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1;

    // These have the same number on every Linux that Java runs on.
    private static final int ENOENT = 2;
    private static final int ESRCH = 3;
    private static final int EACCES = 13;

    private final int errno;

    ErrnoException(String call, int errno) {
        super(call + " failed with errno " + errno + words(errno));
        this.errno = errno;
    }

    private static String words(int errno) {
        return switch (errno) {
            case 1 -> " (operation not permitted)";
            case ENOENT -> " (no such file or directory)";
            case EACCES -> " (permission denied)";
            case 17 -> " (it exists)";
            case 30 -> " (read-only file system)";
            case 40 -> " (it is a symbolic link)";
            default -> "";
        };
    }

    /**
     * Returns the errno.
     *
     * @return a positive number, in this platform's numbering
     */
    public int errno() {
        return errno;
    }

    /**
     * Tells whether there is no such file: ENOENT.
     *
     * @return whether so
     */
    public boolean isNoSuchFile() {
        return errno == ENOENT;
    }

    /**
     * Tells whether this process may not do it: EACCES.
     *
     * @return whether so
     */
    public boolean isPermissionDenied() {
        return errno == EACCES;
    }

    /**
     * Tells whether there is no such process any more: ESRCH.
     *
     * @return whether so
     */
    public boolean isNoSuchProcess() {
        return errno == ESRCH;
    }

    /**
     * Tells whether it would have had to wait: EAGAIN. Of connect(2): somebody listens, and the backlog is full.
     *
     * @return whether so
     */
    public boolean isTryAgain() {
        return errno == Numbers.EAGAIN;
    }

    /**
     * Tells whether nobody listens: ECONNREFUSED.
     *
     * @return whether so
     */
    public boolean isConnectionRefused() {
        return errno == Numbers.ECONNREFUSED;
    }

    private static final class Numbers {
        static final int EAGAIN = NativeService.errno(0);
        static final int ECONNREFUSED = NativeService.errno(1);
    }
}
