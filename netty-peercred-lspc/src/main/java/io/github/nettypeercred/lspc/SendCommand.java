// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code lspc send}. */
@Command(
        name = "send",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Connects to PATH and sends TEXT, with credentials attached to its first bytes.",
        footer = {"", "Other ids than lspc's own take CAP_SETUID and CAP_SETGID; another pid takes CAP_SYS_ADMIN."})
final class SendCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PATH", description = "The socket's path.")
    @SuppressWarnings("NullAway.Init")
    private String path;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TEXT",
            defaultValue = "-",
            description = "What to send, in UTF-8; standard input to its end if it is - or left out.")
    @SuppressWarnings("NullAway.Init")
    private String text;

    @Option(
            names = "--go-on",
            description = "Wait for the server's NUL byte, and answer with one that has the credentials.")
    private boolean goOn;

    @Option(
            names = "--as",
            paramLabel = "UID:GID[:PID]",
            converter = SenderIds.Converter.class,
            description = "Attach these ids, in numbers, rather than lspc's real ones.")
    private @Nullable SenderIds ids;

    @Option(names = "--datagram", description = "Send one datagram.")
    private boolean datagram;

    SendCommand() {}

    @Override
    public Integer call() throws IOException, Failure, InterruptedException {
        if (goOn && datagram) {
            throw new ParameterException(spec.commandLine(), "--go-on is said on a connection: not with --datagram");
        }
        if (text.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "TEXT is empty");
        }
        InputStream input = text.equals("-") ? System.in : new ByteArrayInputStream(text.getBytes(UTF_8));
        new Send(SocketPath.of(path, spec), ids, datagram, goOn).run(input);
        return 0;
    }
}
