// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import org.jspecify.annotations.Nullable;

/**
 * Where something stands that a policy is made of.
 *
 * @param source the name of the file, or what else to call it
 * @param line 1 or more, 0 in a policy that was made by Java
 * @param column 1 or more, 0 in a policy that was made by Java
 */
record Place(String source, int line, int column) {
    PolicyException error(String message) {
        return error(message, null);
    }

    PolicyException error(String message, @Nullable Throwable cause) {
        String where = line > 0 ? source + ":" + line + ":" + column : source;
        return new PolicyException(where + ": " + message, line, column, cause);
    }
}
