// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.service.RunningService;
import io.github.nettypeercred.service.ServiceSocketException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code lspc wait}. */
@Command(
        name = "wait",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Returns when the process that serves the socket at PATH has ended.",
        footer = {"", ServiceTarget.REFUSALS})
final class WaitCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private ServiceTarget target;

    WaitCommand() {}

    @Override
    public Integer call() throws Failure, InterruptedException {
        try (RunningService running = target.find()) {
            running.awaitExit();
        } catch (ServiceSocketException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        }
        return 0;
    }
}
