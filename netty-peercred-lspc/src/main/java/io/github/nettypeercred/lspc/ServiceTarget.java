// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.service.RunningService;
import io.github.nettypeercred.service.ServiceSocketException;
import io.github.nettypeercred.spi.AccountDatabase;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The process that a command acts on: who serves a path. */
final class ServiceTarget {
    static final String REFUSALS =
            "Refused are process 1, a process that is not visible here, a listener that has ended while another process"
                    + " serves on, and a path that is a link or goes through a folder that others than root and you can write to.";

    /** -1 stands for nobody. */
    private static final long NOBODY = 0xFFFF_FFFFL;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "PATH", description = "The socket's path.")
    @SuppressWarnings("NullAway.Init")
    private String path;

    @Option(names = "--uid", paramLabel = "NAME", description = "Only if that user serves it: a name or a number.")
    private @Nullable String user;

    ServiceTarget() {}

    RunningService find() throws Failure, ServiceSocketException {
        long uid = user == null ? -1 : uid(user);
        RunningService running = RunningService.find(SocketPath.of(path, spec).path());
        if (uid < 0) {
            return running;
        }
        boolean right = false;
        try {
            running.requireUser(uid);
            right = true;
            return running;
        } finally {
            if (!right) {
                running.close();
            }
        }
    }

    private static long uid(String user) throws Failure {
        if (user.matches("[0-9]{1,10}") && Long.parseLong(user) < NOBODY) {
            return Long.parseLong(user);
        }
        AccountDatabase accounts = ServiceLoader.load(AccountDatabase.class)
                .findFirst()
                .orElseThrow(() -> new Failure("there is no account database: give the number of user " + user));
        Answer<AccountDatabase.UserIds> ids = accounts.userIds(user);
        return ids.value()
                .map(AccountDatabase.UserIds::uid)
                .orElseThrow(() -> new Failure("no user " + user + ": " + ids));
    }
}
