// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PolicyTable;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code lspc check}. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Reads the policy in FILE as a server does, and prints its rules, each name with its id.")
final class CheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", converter = PolicyAt.Converter.class, description = "The policy file.")
    @SuppressWarnings("NullAway.Init")
    private PolicyAt file;

    CheckCommand() {}

    @Override
    public Integer call() throws IOException, Failure {
        Output out = new Output();
        for (String line : PolicyTable.of(file.load())) {
            out.line(line);
        }
        return 0;
    }
}
