// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/** The command {@code lspc}: tells who serves the socket at a path, or runs one of its subcommands. */
@Command(
        name = "lspc",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            ListenCommand.class,
            SendCommand.class,
            CheckCommand.class,
            ExplainCommand.class,
            SignalCommand.class,
            WaitCommand.class,
            DemoCommand.class
        },
        description = "Tells who serves the Unix domain socket at PATH: the last caller of listen(2).",
        footer = {
            "",
            "A socket whose name is that of a command is written with a folder in front: ./listen",
            "",
            "Exit codes: 0 it was done, 1 it could not be done (one line on stderr says why), 2 wrong usage; 3 denied, of explain."
        })
public final class Lspc implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "PATH", description = "The socket's path.")
    private @Nullable String path;

    @Option(names = "--json", description = "Print JSON Lines.")
    private boolean json;

    @Option(names = "--process", description = "Show what its process is now, too.")
    private boolean process;

    /** Made by {@link #main} and by picocli. */
    public Lspc() {}

    /**
     * Runs a command line and exits with its code.
     *
     * @param arguments as in {@code lspc --help}
     */
    public static void main(String[] arguments) {
        CommandLine commandLine = new CommandLine(new Lspc())
                .setExecutionStrategy(Lspc::execute)
                .setParameterExceptionHandler(Problems::wrongUsage)
                .setExecutionExceptionHandler(Problems::failure);
        System.exit(commandLine.execute(arguments));
    }

    /** Runs the subcommand, if there is one, and refuses what was written before it, which nobody would read. */
    private static int execute(ParseResult parsed) {
        if (parsed.hasSubcommand()
                && !parsed.matchedArgs().isEmpty()
                && !parsed.isUsageHelpRequested()
                && !parsed.isVersionHelpRequested()) {
            String command = parsed.subcommand().commandSpec().name();
            throw new ParameterException(
                    parsed.commandSpec().commandLine(), "arguments belong behind the command '" + command + "'");
        }
        return new RunLast().execute(parsed);
    }

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        if (path == null) {
            throw new ParameterException(spec.commandLine(), "PATH or a command is missing");
        }
        new WhoListens(SocketPath.of(path, spec), process, Report.of(json)).run();
        return 0;
    }
}
