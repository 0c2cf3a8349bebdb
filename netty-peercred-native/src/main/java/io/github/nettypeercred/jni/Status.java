// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.jni;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import java.util.OptionalInt;

/** The return codes of peercred.h, and the absence that each stands for. */
final class Status {
    static final int OK = 0;
    static final int NOT_REQUESTED = 1;
    static final int UNSUPPORTED = 2;
    static final int NOT_UNIX_SOCKET = 3;
    static final int NOT_CONNECTED = 4;
    static final int TRUNCATED = 5;
    static final int TOO_SMALL = 6;
    static final int REAPED = 7;
    static final int EXITED = 8;
    static final int NOT_FOUND = 9;
    static final int NOTHING_NOW = 10;
    static final int END = 11;
    static final int NO_CREDENTIAL = 12;
    static final int NOT_VISIBLE = 13;
    static final int FILE_RELATIVE = 20;
    static final int FILE_DOTS = 21;
    static final int FILE_SYMLINK = 22;
    static final int FILE_NOT_FOLDER = 23;
    static final int FILE_NOT_REGULAR = 24;
    static final int FILE_OWNER = 25;
    static final int FILE_WRITABLE = 26;
    static final int FILE_LINKS = 27;
    static final int FILE_CHANGED = 28;

    private Status() {}

    /**
     * Makes the absence for a status other than OK.
     *
     * @param call the call that was made, with where it is documented
     * @param status what it came to
     * @param errno the errno behind a documented condition, 0 if there is none or it is not known
     */
    static Absence absence(String call, int status, int errno) {
        if (status < 0) {
            return new Absence(AbsenceReason.FAILED, call + " failed", OptionalInt.of(-status));
        }
        OptionalInt cause = errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
        return switch (status) {
            case UNSUPPORTED -> new Absence(AbsenceReason.UNSUPPORTED, call + ": this kernel does not have it", cause);
            case NOT_UNIX_SOCKET ->
                new Absence(AbsenceReason.NOT_UNIX_SOCKET, call + ": the descriptor is no Unix domain socket", cause);
            case NOT_CONNECTED -> new Absence(AbsenceReason.NOT_CONNECTED, call + ": the socket has no peer", cause);
            case TRUNCATED ->
                new Absence(AbsenceReason.TRUNCATED, call + ": the answer has not the length it should have", cause);
            case TOO_SMALL ->
                new Absence(AbsenceReason.TRUNCATED, call + ": the answer is longer than the limit", cause);
            case REAPED, EXITED ->
                new Absence(AbsenceReason.REAPED, call + ": the process has ended and has been waited for", cause);
            case END -> new Absence(AbsenceReason.NO_DATA, call + ": the stream ended before its first byte", cause);
            case NO_CREDENTIAL ->
                new Absence(AbsenceReason.UNAVAILABLE, call + ": a byte came without its sender's credentials", cause);
            case NOT_VISIBLE ->
                new Absence(AbsenceReason.UNMAPPED, call + ": the process is not in this pid namespace", cause);
            case NOT_FOUND -> new Absence(AbsenceReason.NO_SUCH_ACCOUNT, call + ": no such entry", cause);
            default -> new Absence(AbsenceReason.FAILED, call + ": status " + status, cause);
        };
    }
}
