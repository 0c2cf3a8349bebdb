// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.spi.TrustedFile;
import io.github.nettypeercred.spi.TrustedFileException;
import io.github.nettypeercred.spi.TrustedFileException.Defect;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** peercred_read_file. Made by {@link java.util.ServiceLoader}. */
public final class NativeTrustedFile implements TrustedFile {
    /** What most files fit into; a longer one is read again from the start, with all the checks. */
    private static final int FIRST_CAPACITY = 64 << 10;

    // struct peercred_file
    private static final int STATUS = 0;
    private static final int LENGTH = 1;
    private static final int COMPONENT_END = 2;
    private static final int MODE = 3;
    private static final int OWNER = 4;
    private static final int LINKS = 5;
    private static final int FIELDS = 6;

    /** Makes the reader; it has no state. */
    public NativeTrustedFile() {}

    @Override
    public byte[] read(Path path, int limit) throws IOException {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit);
        }
        Throwable cause = NativeLibrary.unavailabilityCause();
        if (cause != null) {
            throw new IOException("cannot read " + path + ": " + cause.getMessage(), cause);
        }
        ByteBuffer name = CString.of(path.toString());
        ByteBuffer out = CString.ints(FIELDS);
        for (int capacity = Math.min(limit, FIRST_CAPACITY); ; capacity = limit) {
            ByteBuffer content = ByteBuffer.allocateDirect(capacity);
            Native.readFile(name, UserNamespace.CURRENT.uidOverflow(), content, out);
            int status = field(out, STATUS);
            if (status == Status.OK) {
                byte[] read = new byte[field(out, LENGTH)];
                content.get(0, read);
                return read;
            }
            if (status != Status.TOO_SMALL || capacity == limit) {
                throw defect(path, out, limit);
            }
        }
    }

    /** Opens the folder that a path's last component lies in, after the same checks; returns a descriptor for openat(2) and its like. */
    static int openFolderOf(Path path) throws TrustedFileException {
        ByteBuffer out = CString.ints(FIELDS);
        int folder = NativeService.openFolderOf(CString.of(path.toString()), UserNamespace.CURRENT.uidOverflow(), out);
        if (folder < 0) {
            throw defect(path, out, 0);
        }
        return folder;
    }

    private static TrustedFileException defect(Path path, ByteBuffer out, int limit) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        int end = Math.min(field(out, COMPONENT_END), bytes.length);
        String component = end == 0 ? path.toString() : new String(bytes, 0, end, StandardCharsets.UTF_8);
        return exception(field(out, STATUS), component, out, limit);
    }

    private static TrustedFileException exception(int status, String component, ByteBuffer out, int limit) {
        String at = component + ": ";
        return switch (status) {
            case Status.FILE_RELATIVE ->
                exception(Defect.RELATIVE, component, at + "the path is relative; name the file from / on");
            case Status.FILE_DOTS ->
                exception(
                        Defect.DOTS,
                        component,
                        at + "the path has an empty component, \".\" or \"..\" there; name the file without it");
            case Status.FILE_SYMLINK ->
                exception(
                        Defect.SYMBOLIC_LINK,
                        component,
                        at + "is a symbolic link; name what it points to (readlink -f " + component + ")");
            case Status.FILE_NOT_FOLDER -> exception(Defect.NOT_A_FOLDER, component, at + "is no folder");
            case Status.FILE_NOT_REGULAR -> exception(Defect.NOT_A_REGULAR_FILE, component, at + "is no regular file");
            case Status.FILE_OWNER ->
                exception(
                        Defect.OWNER,
                        component,
                        at + "belongs to user " + Integer.toUnsignedString(field(out, OWNER)) + ", "
                                + (UserNamespace.CURRENT.isUnmappedUid(field(out, OWNER))
                                        ? "which may be anybody without an id in this server's user namespace"
                                        : "who is neither root nor this server's")
                                + "; chown root " + component);
            case Status.FILE_WRITABLE ->
                exception(
                        Defect.WRITABLE,
                        component,
                        at + "has mode " + Integer.toOctalString(field(out, MODE) & 07777)
                                + ", so that others may write to it; " + advice(field(out, MODE), component));
            case Status.FILE_LINKS ->
                exception(
                        Defect.LINKS,
                        component,
                        at + "has " + Integer.toUnsignedString(field(out, LINKS))
                                + " hard links, and must have one; copy it to a new file");
            case Status.FILE_CHANGED ->
                exception(
                        Defect.CHANGED,
                        component,
                        at + "was changed while it was read; write to a new file, and rename that");
            case Status.TOO_SMALL -> exception(Defect.TOO_LARGE, component, at + "is longer than " + limit + " bytes");
            default -> new TrustedFileException(Defect.FAILED, component, at + failure(-status), -status);
        };
    }

    /** ENOENT and EACCES have the same numbers on every system. */
    private static String failure(int errno) {
        return switch (errno) {
            case 2 -> "does not exist";
            case 13 -> "this server's user may not open it";
            default -> "cannot be opened or read (errno " + errno + ")";
        };
    }

    private static String advice(int mode, String component) {
        boolean sticky = (mode & 01000) != 0;
        return sticky ? "put the file into another folder, such as /etc" : "chmod go-w " + component;
    }

    private static TrustedFileException exception(Defect defect, String component, String message) {
        return new TrustedFileException(defect, component, message, 0);
    }

    private static int field(ByteBuffer out, int index) {
        return out.getInt(index * Integer.BYTES);
    }
}
