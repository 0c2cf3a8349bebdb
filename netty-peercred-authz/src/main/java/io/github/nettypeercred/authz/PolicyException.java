// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Why there is no policy: what is wrong and where, in one line. */
public final class PolicyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;
    private final int column;

    PolicyException(String message, int line, int column, @Nullable Throwable cause) {
        super(message, cause);
        this.line = line;
        this.column = column;
    }

    /**
     * Returns the line of the file.
     *
     * @return 1 or more, or empty if it is not about a place in a file
     */
    public OptionalInt line() {
        return line > 0 ? OptionalInt.of(line) : OptionalInt.empty();
    }

    /**
     * Returns the column of that line, in characters.
     *
     * @return 1 or more, or empty if it is not about a place in a file
     */
    public OptionalInt column() {
        return column > 0 ? OptionalInt.of(column) : OptionalInt.empty();
    }
}
