// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spi;

import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;

/** Why a file was not read that must be one to trust. The message names the component and says what to do, in one line. */
public final class TrustedFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong with a component of the path. */
    public enum Defect {
        /** The path does not begin with {@code /}. */
        RELATIVE,
        /** A component is ".", ".." or empty. */
        DOTS,
        /** It is a symbolic link. */
        SYMBOLIC_LINK,
        /** It is on the way to the file and is no folder. */
        NOT_A_FOLDER,
        /** It is a folder, a FIFO, a device or a socket. */
        NOT_A_REGULAR_FILE,
        /** Its owner is neither root nor this process's effective user, or cannot be told from users without an id here. */
        OWNER,
        /** Its group or others may write to it. */
        WRITABLE,
        /** The file has a second name, perhaps in a folder of somebody else's, or no name any more. */
        LINKS,
        /** The file is longer than the limit. */
        TOO_LARGE,
        /** The file was changed while it was read. */
        CHANGED,
        /** A call failed, with {@link #errno()}: it does not exist, or this process may not open it. */
        FAILED
    }

    private final Defect defect;
    private final String component;
    private final int errno;

    /**
     * Makes the exception.
     *
     * @param defect what is wrong
     * @param component the path up to the component with which it is wrong
     * @param message what is wrong and what to do, one line
     * @param errno the errno of the call that failed, 0 if none did
     */
    public TrustedFileException(Defect defect, String component, String message, int errno) {
        super(message);
        this.defect = Objects.requireNonNull(defect, "defect");
        this.component = Objects.requireNonNull(component, "component");
        this.errno = errno;
    }

    /**
     * Returns what is wrong.
     *
     * @return the defect
     */
    public Defect defect() {
        return defect;
    }

    /**
     * Returns with what it is wrong: a folder on the way, or the file.
     *
     * @return the path up to that component
     */
    public String component() {
        return component;
    }

    /**
     * Returns the errno of the call that failed.
     *
     * @return the errno, in this platform's numbering, or empty if no call failed
     */
    public OptionalInt errno() {
        return errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
    }
}
