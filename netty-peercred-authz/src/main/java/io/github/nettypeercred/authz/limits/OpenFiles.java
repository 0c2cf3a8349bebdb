// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz.limits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How many descriptors this process may have open: getrlimit(2), RLIMIT_NOFILE, as proc_pid_limits(5) shows it. */
final class OpenFiles {
    private static final String NAME = "Max open files";

    private OpenFiles() {}

    /** The soft limit, empty where there is no such file: this is not Linux. */
    static OptionalLong limit(Path limits) throws IOException {
        try {
            for (String line : Files.readAllLines(limits)) {
                if (line.startsWith(NAME)) {
                    String soft = line.substring(NAME.length()).trim().split(" +", 2)[0];
                    return OptionalLong.of(soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft));
                }
            }
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        } catch (NumberFormatException e) {
            throw new IOException(limits + " does not have the form it should have", e);
        }
        throw new IOException(limits + " names no \"" + NAME + '"');
    }
}
