// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a path was not taken, or its server not found or signalled. The message is one line, without characters of others' making. */
public final class ServiceSocketException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What kind of reason it is. */
    public enum Reason {
        /** Somebody serves the path; {@link ServiceSocketException#servedBy()} says who, unless their backlog is full. */
        SERVED,
        /** Nobody serves the path: there is no socket, or one that refuses connections. */
        NOT_SERVED,
        /** Another one that takes the path, or gives it up, has kept the lock for too long. */
        LOCKED,
        /** What is there is no stream socket but a file, a folder or a symbolic link. */
        NOT_A_SOCKET,
        /** Others than root and this process's user could change what the path leads to, or a folder on the way is a symbolic link. */
        UNTRUSTED_PATH,
        /** The path is longer than a socket's may be. */
        TOO_LONG,
        /** Which process serves cannot be said exactly enough to act on it. */
        NO_EXACT_PROCESS,
        /** The server runs under another user than was demanded. */
        OTHER_USER,
        /** The native library is not there. */
        UNAVAILABLE,
        /** A system call failed. */
        FAILED
    }

    private final Reason reason;

    @SuppressWarnings("serial") // an exception that travels by Java serialization loses nothing that anybody relies on
    private final transient @Nullable ServedBy servedBy;

    ServiceSocketException(Reason reason, String message, @Nullable Throwable cause, @Nullable ServedBy servedBy) {
        super(message, cause);
        this.reason = Objects.requireNonNull(reason, "reason");
        this.servedBy = servedBy;
    }

    ServiceSocketException(Reason reason, String message, @Nullable Throwable cause) {
        this(reason, message, cause, null);
    }

    ServiceSocketException(Reason reason, String message) {
        this(reason, message, null, null);
    }

    /**
     * Returns what kind of reason it is.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * Returns who serves the path.
     *
     * @return who, if the reason is {@link Reason#SERVED} and the kernel said so
     */
    public Optional<ServedBy> servedBy() {
        return Optional.ofNullable(servedBy);
    }
}
