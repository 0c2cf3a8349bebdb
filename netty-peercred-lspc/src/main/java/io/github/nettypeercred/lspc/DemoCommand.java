// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code lspc demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = {
            "Serves a private socket, has child processes connect to it, and compares what the kernel says of each with what"
                    + " it is. One is refused by a rule.",
            "As root the children run under several users and groups, otherwise as yourself."
        })
final class DemoCommand implements Callable<Integer> {
    @Option(
            names = "--transport",
            paramLabel = "NAME",
            converter = Transport.Converter.class,
            defaultValue = "epoll",
            description = "epoll (default) or io_uring.")
    @SuppressWarnings("NullAway.Init")
    private Transport transport;

    DemoCommand() {}

    @Override
    public Integer call() throws Exception {
        new Demo(transport, new Output()).run();
        return 0;
    }
}
