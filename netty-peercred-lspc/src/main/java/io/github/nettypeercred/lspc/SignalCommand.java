// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.service.RunningService;
import io.github.nettypeercred.service.ServiceSocketException;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code lspc signal}. */
@Command(
        name = "signal",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Sends a signal to the process that serves the socket at PATH, and to no other.",
        footer = {"", ServiceTarget.REFUSALS})
final class SignalCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private ServiceTarget target;

    @Parameters(
            index = "1",
            paramLabel = "SIGNAL",
            converter = SignalNumber.Converter.class,
            description = "A name, such as TERM, or a number.")
    @SuppressWarnings("NullAway.Init")
    private SignalNumber signal;

    SignalCommand() {}

    @Override
    public Integer call() throws IOException, Failure {
        try (RunningService running = target.find()) {
            running.signal(signal.number());
            new Output().line("sent " + signal + " to pid " + running.pid().orElseThrow());
        } catch (ServiceSocketException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        }
        return 0;
    }
}
