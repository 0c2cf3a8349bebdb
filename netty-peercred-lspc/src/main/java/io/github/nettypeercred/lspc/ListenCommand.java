// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PeerPolicy;
import java.io.IOException;
import java.time.Duration;
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
        description = "Binds PATH and prints who connects or sends to it, until it is interrupted.",
        footer = {"", "A stale socket at PATH is replaced; a served one is not. The socket is removed at exit."})
final class ListenCommand implements Callable<Integer> {
    private static final long DEFAULT_SECONDS = 30;

    /** A century. */
    private static final long LONGEST_SECONDS = 3_155_760_000L;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "PATH", description = "The path to bind.")
    @SuppressWarnings("NullAway.Init")
    private String path;

    @Option(names = "--json", description = "Print JSON Lines.")
    private boolean json;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            converter = Mode.Converter.class,
            defaultValue = "connect",
            description = {
                "connect (default): who connected.",
                "first-read: who sent the first bytes.",
                "every-read: who sent each read's bytes.",
                "datagram: who sent each datagram."
            })
    @SuppressWarnings("NullAway.Init")
    private Mode capture;

    @Option(names = "--go-on", description = "Begin each connection with a handshake: one NUL byte each way.")
    private boolean goOn;

    @Option(
            names = "--deadline",
            paramLabel = "S",
            description =
                    "Refuse a peer that sends nothing for S seconds; 30 unless given. For first-read, every-read and --go-on.")
    private @Nullable Long deadline;

    @Option(names = "--count", paramLabel = "N", description = "Exit after N lines of peer, data or absent.")
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

    @Option(
            names = "--policy",
            paramLabel = "FILE",
            converter = PolicyAt.Converter.class,
            description = "Show what this policy says of each peer. Nothing is enforced.")
    private @Nullable PolicyAt policy;

    ListenCommand() {}

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        if (count != null && count < 1) {
            throw new ParameterException(spec.commandLine(), "--count must be 1 or more");
        }
        if (deadline != null && (deadline < 1 || deadline > LONGEST_SECONDS)) {
            throw new ParameterException(spec.commandLine(), "--deadline must be 1 to " + LONGEST_SECONDS);
        }
        if (goOn && capture == Mode.DATAGRAM) {
            throw new ParameterException(
                    spec.commandLine(), "--go-on is said on a connection: not with --mode datagram");
        }
        if (deadline != null && capture != Mode.FIRST_READ && capture != Mode.EVERY_READ && !goOn) {
            throw new ParameterException(
                    spec.commandLine(), "--deadline needs --mode first-read or every-read, or --go-on");
        }
        if (capture == Mode.DATAGRAM && transport != Transport.EPOLL) {
            throw new ParameterException(
                    spec.commandLine(), "--mode datagram needs --transport epoll: Netty has no other for it");
        }
        if (groups && capture != Mode.CONNECT) {
            throw new ParameterException(
                    spec.commandLine(), "--groups needs --mode connect: the kernel tells no groups of who sends");
        }
        OptionalLong peers = count == null ? OptionalLong.empty() : OptionalLong.of(count);
        PeerPolicy decides = policy == null ? null : policy.load();
        Capture captured = new Capture(
                capture,
                groups || (decides != null && decides.needsGroups()),
                label || (decides != null && decides.needsLabel()),
                goOn,
                Duration.ofSeconds(deadline == null ? DEFAULT_SECONDS : deadline),
                decides != null);
        new Listen(SocketPath.of(path, spec), mode, transport, captured, decides, Report.of(json)).run(peers);
        return 0;
    }
}
