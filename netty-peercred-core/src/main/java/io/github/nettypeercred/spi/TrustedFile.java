// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Reads files that nobody but root and the server's own user can have changed. Found by {@link java.util.ServiceLoader}.
 *
 * <p>Java cannot do it: what it checks by path may be another file when it is opened. The native call walks from {@code /} with
 * {@code openat(O_NOFOLLOW)}, checks every component on the descriptor that it goes on with, and reads from the last of these:
 * open(2), stat(2), POSIX.
 */
public interface TrustedFile {
    /**
     * Reads a file, and only one on whose path no component is a symbolic link, is owned by anybody but root or this process's effective
     * user, or can be written to by group or others; a sticky folder such as {@code /tmp} is no exception. The file is regular, has one
     * link and does not change while it is read. Where the overflow user, 65534, stands for users without an id in this process's
     * user namespace, what it owns is not this process's own even if it runs as that user.
     *
     * <p>It reads from the disk, so not on an event loop.
     *
     * @param path an absolute path with no "." and ".." in it
     * @param limit the longest file to read, in bytes, 1 or more
     * @return what is in the file
     * @throws TrustedFileException if the file, or a folder on the way to it, is not as it must be, with what to do
     * @throws IOException if the native library is not there
     */
    byte[] read(Path path, int limit) throws IOException;
}
