// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code lspc listen}. */
@Command(
        name = "listen",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Binds PATH and prints a line for each peer that connects, until it is interrupted.",
        footer = {"", "A stale socket at PATH is replaced; a served one is not. The socket is removed at exit."})
final class ListenCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "PATH", description = "The path to bind.")
    @SuppressWarnings("NullAway.Init")
    private String path;

    @Option(names = "--json", description = "Print JSON Lines.")
    private boolean json;

    @Option(names = "--count", paramLabel = "N", description = "Exit after N peers.")
    private @Nullable Long count;

    @Option(
            names = "--socket-mode",
            paramLabel = "MODE",
            converter = SocketMode.Converter.class,
            description = "Permission bits of the socket in octal, such as 0666; else the umask decides.")
    private @Nullable SocketMode mode;

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            converter = Transport.Converter.class,
            defaultValue = "epoll",
            description = "epoll (default) or io_uring.")
    @SuppressWarnings("NullAway.Init")
    private Transport transport;

    @Option(names = "--groups", description = "Show supplementary groups.")
    private boolean groups;

    @Option(names = "--label", description = "Show the security label.")
    private boolean label;

    ListenCommand() {}

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        if (count != null && count < 1) {
            throw new ParameterException(spec.commandLine(), "--count must be 1 or more");
        }
        OptionalLong peers = count == null ? OptionalLong.empty() : OptionalLong.of(count);
        new Listen(SocketPath.of(path, spec), mode, transport, groups, label, Report.of(json)).run(peers);
        return 0;
    }
}
