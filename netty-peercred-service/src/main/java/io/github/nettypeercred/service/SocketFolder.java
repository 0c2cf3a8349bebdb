// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.jni.ErrnoException;
import io.github.nettypeercred.jni.ServiceCalls;
import io.github.nettypeercred.jni.ServiceCalls.Inode;
import io.github.nettypeercred.service.ServiceSocketException.Reason;
import io.github.nettypeercred.spi.TrustedFileException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The folder that a socket lies in, held by a descriptor, and the socket's name in it. */
final class SocketFolder implements AutoCloseable {
    /** Of sun_path's 108 bytes, what the names for taking the path leave, and the NUL that other programs expect. */
    static final int LONGEST_PATH = 108 - 1 - (Taking.FOLDER_SUFFIX + '/' + Taking.NAME).length();

    private static final int SOCKET = 0140000;

    final Path path;
    final String name;
    final int fd;

    private SocketFolder(Path path, String name, int fd) {
        this.path = path;
        this.name = name;
        this.fd = fd;
    }

    static SocketFolder open(Path given) throws ServiceSocketException {
        Path path = withoutDots(given.toAbsolutePath());
        Path name = path.getFileName();
        if (name == null) {
            throw new ServiceSocketException(Reason.NOT_A_SOCKET, path + ": is a folder");
        }
        try {
            ServiceCalls.ensureAvailability();
        } catch (IOException e) {
            throw new ServiceSocketException(Reason.UNAVAILABLE, String.valueOf(e.getMessage()), e);
        }
        try {
            return new SocketFolder(path, name.toString(), ServiceCalls.openFolderOf(path));
        } catch (TrustedFileException e) {
            Reason reason = e.defect() == TrustedFileException.Defect.FAILED ? Reason.FAILED : Reason.UNTRUSTED_PATH;
            throw new ServiceSocketException(reason, defect(e), e);
        } catch (IOException e) {
            throw failed(path, e);
        }
    }

    /** Leaves out "." but not "..", which leads elsewhere behind a link, and is refused. */
    private static Path withoutDots(Path absolute) {
        Path path = absolute.getRoot();
        for (Path component : absolute) {
            if (!component.toString().equals(".")) {
                path = path.resolve(component);
            }
        }
        return path;
    }

    private static String defect(TrustedFileException e) {
        return switch (e.defect()) {
            case WRITABLE ->
                e.component() + ": others than root and this process's user may write to this folder; take that away"
                        + " (chmod go-w), or use one that only they may, such as below /run";
            case OWNER ->
                e.component()
                        + ": belongs to another user than root and this process's, who could change what is in it;"
                        + " do this as that user, or use a folder of root's";
            default -> String.valueOf(e.getMessage());
        };
    }

    /** Makes sure that the path is short enough to be bound by way of its first name. */
    void requireShortPath() throws ServiceSocketException {
        if (path.toString().getBytes(UTF_8).length > LONGEST_PATH) {
            throw new ServiceSocketException(
                    Reason.TOO_LONG, path + ": the path may have at most " + LONGEST_PATH + " bytes");
        }
    }

    /** Holds what the name stands for: a socket, or nothing. */
    @Nullable
    HeldSocket hold(String which) throws ServiceSocketException {
        int held;
        try {
            held = ServiceCalls.hold(fd, which);
        } catch (ErrnoException e) {
            if (e.isNoSuchFile()) {
                return null;
            }
            throw failed(e);
        }
        try {
            Inode inode = ServiceCalls.stat(held, null);
            if (inode.type() != SOCKET) {
                throw new ServiceSocketException(
                        Reason.NOT_A_SOCKET, path.resolveSibling(which) + ": is no socket but " + kind(inode.type()));
            }
            HeldSocket socket = new HeldSocket(held, inode);
            held = -1;
            return socket;
        } catch (ErrnoException e) {
            throw failed(e);
        } finally {
            if (held >= 0) {
                ServiceCalls.close(held);
            }
        }
    }

    private static String kind(int type) {
        return switch (type) {
            case 0100000 -> "a regular file";
            case 0040000 -> "a folder";
            case 0120000 -> "a symbolic link";
            default -> "a device or named pipe";
        };
    }

    ServiceSocketException failed(IOException cause) {
        return failed(path, cause);
    }

    private static ServiceSocketException failed(Path path, IOException cause) {
        return new ServiceSocketException(Reason.FAILED, path + ": " + cause.getMessage(), cause);
    }

    @Override
    public void close() {
        ServiceCalls.close(fd);
    }
}
