// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What goes wrong, told in one line on stderr and one exit code. */
final class Problems {
    private Problems() {}

    /** Reports arguments that are no command line of ours. */
    static int wrongUsage(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        tell(problem);
        System.err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for what may be written.");
        return ExitCode.USAGE;
    }

    /** Reports why a command did not do its work. */
    static int failure(Exception problem, CommandLine command, ParseResult parsed) {
        tell(problem);
        return ExitCode.SOFTWARE;
    }

    private static void tell(Exception problem) {
        String message =
                problem instanceof Failure || problem instanceof ParameterException || problem instanceof Output.Closed
                        ? String.valueOf(problem.getMessage())
                        : problem.toString();
        System.err.println("lspc: " + Printable.of(message));
    }
}
