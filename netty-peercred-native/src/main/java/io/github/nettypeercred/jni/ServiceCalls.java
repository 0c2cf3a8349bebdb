// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.process.PeerProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The system calls of a server that takes a socket's path exclusively, and of who signals that server: Linux. A descriptor that is
 * returned belongs to the caller. What fails throws {@link ErrnoException}.
 */
public final class ServiceCalls {
    private static final int SUN_PATH = 108;

    private ServiceCalls() {}

    /**
     * What a name stands for: stat(2).
     *
     * @param device the device of its file system
     * @param inode its number there
     * @param mode type and permissions, st_mode
     * @param owner the owner's user id
     */
    public record Inode(long device, long inode, int mode, long owner) {
        /**
         * Tells whether it is the same file, which is certain as long as one of the two is held open.
         *
         * @param other the other one
         * @return whether device and inode are equal
         */
        public boolean isSame(Inode other) {
            return device == other.device && inode == other.inode;
        }

        /**
         * Tells the type.
         *
         * @return the type's bits of st_mode, such as 0140000 for a socket
         */
        public int type() {
            return mode & 0170000;
        }
    }

    /**
     * Who called listen(2) last on the other end of a connection. An id is there only if it has a number in this user namespace.
     *
     * @param pid the process id, 0 if not visible in this pid namespace
     * @param uid the effective user id of then
     * @param gid the effective group id of then
     * @param process the process, which the caller closes, or why it is unknown
     * @param pidfd its descriptor, which belongs to {@code process}; -1 if it is unknown
     */
    public record Listener(int pid, long uid, long gid, Answer<PeerProcess> process, int pidfd) {}

    /**
     * One received byte and the descriptors that came with it.
     *
     * @param data the byte, 0 to 255
     * @param first the first descriptor, -1 if none came
     * @param second the second one
     */
    public record Received(int data, int first, int second) {}

    /**
     * Makes sure that the calls are there.
     *
     * @throws IOException if the native library is not loaded, with what to do
     */
    public static void ensureAvailability() throws IOException {
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            throw new IOException(String.valueOf(cause.getMessage()), cause);
        }
    }

    /**
     * Opens the folder that a path's last component lies in, if nobody but root and this process's effective user can change what the
     * path leads to.
     *
     * @param path an absolute path
     * @return a descriptor for the other calls
     * @throws io.github.nettypeercred.spi.TrustedFileException if others can, or the folder does not exist
     */
    public static int openFolderOf(Path path) throws IOException {
        return NativeTrustedFile.openFolderOf(path);
    }

    /**
     * Returns the effective user of this process.
     *
     * @return the user id
     */
    public static long ownUid() {
        return Integer.toUnsignedLong(Native.ownUid());
    }

    /**
     * Looks at a name, without following a link.
     *
     * @param folder the folder
     * @param name the name, or null for what the descriptor stands for
     * @return what it stands for
     */
    public static Inode stat(int folder, @Nullable String name) throws ErrnoException {
        ByteBuffer out = ByteBuffer.allocateDirect(24).order(ByteOrder.nativeOrder());
        check("fstatat(2)", NativeService.stat(folder, name == null ? null : CString.of(name), out));
        return new Inode(out.getLong(0), out.getLong(8), out.getInt(16), Integer.toUnsignedLong(out.getInt(20)));
    }

    /**
     * Holds the inode of a name: O_PATH.
     *
     * @param folder the folder
     * @param name the name
     * @return a descriptor that keeps the inode from being used again
     */
    public static int hold(int folder, String name) throws ErrnoException {
        return check("openat(2)", NativeService.hold(folder, CString.of(name)));
    }

    /**
     * Opens a file to lock, and makes it if there is none.
     *
     * @param folder the folder
     * @param name the name
     * @return its descriptor
     */
    public static int openLock(int folder, String name) throws ErrnoException {
        return check("openat(2)", NativeService.openLock(folder, CString.of(name)));
    }

    /**
     * Takes the lock, if nobody has it.
     *
     * @param fd a descriptor of {@link #openLock}
     * @return whether it was free
     */
    public static boolean tryLock(int fd) throws ErrnoException {
        int status = NativeService.lock(fd, true);
        if (status == -NativeService.errno(0)) {
            return false;
        }
        check("fcntl(2) F_OFD_SETLK", status);
        return true;
    }

    /**
     * Gives the lock back, for forked copies of the descriptor too, and closes it.
     *
     * @param fd a descriptor of {@link #openLock}
     */
    public static void unlock(int fd) {
        NativeService.lock(fd, false);
        Native.close(fd);
    }

    /**
     * Makes a folder that only this user may enter, unless it is there.
     *
     * @param folder the folder that it lies in
     * @param name its name
     * @return its descriptor
     */
    public static int privateFolder(int folder, String name) throws ErrnoException {
        return check("mkdirat(2)", NativeService.privateFolder(folder, CString.of(name)));
    }

    /**
     * Makes a stream socket of a mode.
     *
     * @param mode the permissions that its file is to have
     * @return its descriptor
     */
    public static int socket(int mode) throws ErrnoException {
        return check("socket(2), fchmod(2)", NativeService.socket(mode));
    }

    /**
     * Binds a socket.
     *
     * @param fd the socket
     * @param path a path of up to 107 bytes
     */
    public static void bind(int fd, String path) throws ErrnoException {
        check("bind(2)", NativeService.bind(fd, CString.of(path)));
    }

    /**
     * Listens, or listens again: clients see who did so last.
     *
     * @param fd the socket
     * @param backlog how many connections may wait to be accepted
     */
    public static void listen(int fd, int backlog) throws ErrnoException {
        check("listen(2)", NativeService.listen(fd, backlog));
    }

    /**
     * Sets the permissions of a name in a private folder.
     *
     * @param folder the folder
     * @param name the name
     * @param mode the permissions
     */
    public static void changeMode(int folder, String name, int mode) throws ErrnoException {
        check("fchmodat(2)", NativeService.changeMode(folder, CString.of(name), mode));
    }

    /**
     * Sets owner and group of a name.
     *
     * @param folder the folder
     * @param name the name
     * @param owner the user id, -1 to leave it
     * @param group the group id, -1 to leave it
     */
    public static void changeOwner(int folder, String name, long owner, long group) throws ErrnoException {
        check("fchownat(2)", NativeService.changeOwner(folder, CString.of(name), (int) owner, (int) group));
    }

    /**
     * Moves a name.
     *
     * @param from the folder that it lies in
     * @param oldName the name
     * @param to the folder that it moves to
     * @param newName its name there
     * @param replace whether what has that name is replaced; else that is an error
     */
    public static void rename(int from, String oldName, int to, String newName, boolean replace) throws ErrnoException {
        check("renameat2(2)", NativeService.rename(from, CString.of(oldName), to, CString.of(newName), replace));
    }

    /**
     * Removes a name.
     *
     * @param folder the folder
     * @param name the name
     */
    public static void unlink(int folder, String name) throws ErrnoException {
        check("unlinkat(2)", NativeService.unlink(folder, CString.of(name)));
    }

    /**
     * Removes an empty folder.
     *
     * @param folder the folder that it lies in
     * @param name its name
     */
    public static void removeFolder(int folder, String name) throws ErrnoException {
        check("unlinkat(2)", NativeService.removeFolder(folder, CString.of(name)));
    }

    /**
     * Connects to exactly the socket that a descriptor holds.
     *
     * @param held a descriptor of {@link #hold}
     * @param timeoutMillis how long a full backlog may stay full
     * @return the connection
     * @throws ErrnoException {@link ErrnoException#isConnectionRefused()} if nobody listens, {@link ErrnoException#isTryAgain()} if the
     *     backlog stayed full
     */
    public static int connect(int held, int timeoutMillis) throws ErrnoException {
        return check("connect(2)", NativeService.connect(held, timeoutMillis));
    }

    /**
     * Asks the kernel who listens on the other end.
     *
     * @param connection a descriptor of {@link #connect}
     * @return who, or why that is not known
     */
    public static Answer<Listener> listener(int connection) {
        CaptureBuffer buffer = new CaptureBuffer(0, 0);
        int status = buffer.capture(connection, ConnectTimeCapture.WANT_PIDFD);
        Answer<PeerProcess> process = CapturedParts.process(buffer, "SO_PEERPIDFD (Linux 6.5)");
        Absence absence = null;
        if (status != Status.OK) {
            absence = Status.absence("SO_PEERCRED", status, 0);
        } else if (UserNamespace.CURRENT.isUnmappedUid(buffer.uid())) {
            absence = ConnectTimeCapture.unmapped("user");
        } else if (UserNamespace.CURRENT.isUnmappedGid(buffer.gid())) {
            absence = ConnectTimeCapture.unmapped("primary group");
        }
        if (absence != null) {
            process.value().ifPresent(PeerProcess::close);
            return Answer.unknown(absence);
        }
        return Answer.known(new Listener(
                buffer.pid(),
                Integer.toUnsignedLong(buffer.uid()),
                Integer.toUnsignedLong(buffer.gid()),
                process,
                process.value().isPresent() ? buffer.pidfd() : -1));
    }

    /**
     * Returns the path that a listening socket was bound to.
     *
     * @param fd the socket
     * @return the path, "" if it has none
     * @throws ErrnoException if it is no Unix stream socket that listens
     */
    public static String listenerPath(int fd) throws ErrnoException {
        ByteBuffer path = ByteBuffer.allocateDirect(SUN_PATH);
        byte[] bytes = new byte[check("getsockname(2)", NativeService.listenerPath(fd, path))];
        path.get(0, bytes);
        return new String(bytes, UTF_8);
    }

    /**
     * Makes an inherited descriptor one's own: close-on-exec, and not blocking.
     *
     * @param fd the descriptor
     */
    public static void adopt(int fd) throws ErrnoException {
        check("fcntl(2)", NativeService.adopt(fd));
    }

    /**
     * Sends one byte, with copies of two descriptors or none. Does not wait.
     *
     * @param fd a connection
     * @param data the byte
     * @param first the first descriptor, -1 for none
     * @param second the second one
     */
    public static void send(int fd, int data, int first, int second) throws ErrnoException {
        check("sendmsg(2)", NativeService.send(fd, data, first, second));
    }

    /**
     * Receives one byte, with the descriptors that came with it.
     *
     * @param fd a connection
     * @param timeoutMillis how long to wait for it
     * @return byte and descriptors
     * @throws ErrnoException {@link ErrnoException#isTryAgain()} if none came in time
     */
    public static Received receive(int fd, int timeoutMillis) throws ErrnoException {
        ByteBuffer descriptors = CString.ints(2);
        int data = check("recvmsg(2)", NativeService.receive(fd, timeoutMillis, descriptors));
        return new Received(data, descriptors.getInt(0), descriptors.getInt(Integer.BYTES));
    }

    /**
     * Makes the other side's next send fail. What it has sent before can still be received.
     *
     * @param fd a connection
     */
    public static void refuseMore(int fd) throws ErrnoException {
        check("shutdown(2)", NativeService.refuseMore(fd));
    }

    /**
     * Sends a signal to the process of a process descriptor, and to no other.
     *
     * @param pidfd the process descriptor
     * @param number the signal's number
     * @throws ErrnoException {@link ErrnoException#isNoSuchProcess()} if it has ended
     */
    public static void signal(int pidfd, int number) throws ErrnoException {
        check("pidfd_send_signal(2)", NativeService.signal(pidfd, number));
    }

    /**
     * Waits until a process has ended.
     *
     * @param pidfd the process descriptor
     * @param timeoutMillis how long, -1 for as long as it takes
     * @return whether it has ended
     */
    public static boolean awaitExit(int pidfd, int timeoutMillis) throws ErrnoException {
        return check("poll(2)", NativeService.awaitExit(pidfd, timeoutMillis)) != 0;
    }

    /**
     * Closes a descriptor.
     *
     * @param fd the descriptor
     */
    public static void close(int fd) {
        Native.close(fd);
    }

    private static int check(String call, int status) throws ErrnoException {
        if (status < 0) {
            throw new ErrnoException(call, -status);
        }
        return status;
    }
}
