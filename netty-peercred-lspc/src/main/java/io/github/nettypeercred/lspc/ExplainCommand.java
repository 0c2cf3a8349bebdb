// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PeerExplanation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code lspc explain}. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Says what the policy in FILE decides about a peer, and why.",
        footer = {"", "Exit codes: 0 allowed, 3 denied, 1 it could not be done, 2 wrong usage."})
final class ExplainCommand implements Callable<Integer> {
    private static final int DENIED = 3;
    private static final long MAX_ID = 0xFFFF_FFFEL;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", converter = PolicyAt.Converter.class, description = "The policy file.")
    @SuppressWarnings("NullAway.Init")
    private PolicyAt file;

    @Option(names = "--uid", paramLabel = "N", description = "A peer with this effective user id.")
    private @Nullable Long uid;

    @Option(names = "--gid", paramLabel = "N", description = "Its primary group; that of the account unless given.")
    private @Nullable Long gid;

    @Option(
            names = "--groups",
            paramLabel = "N,...",
            split = ",",
            description = "Its supplementary groups, '' for none; those of the account unless given.")
    private @Nullable List<String> groups;

    @Option(names = "--pid", paramLabel = "N", description = "A peer that is this process, as it is now.")
    private @Nullable Integer pid;

    @Option(
            names = "--moment",
            paramLabel = "MODE",
            converter = Mode.Converter.class,
            defaultValue = "connect",
            description = "What the server captures: connect (default), first-read, every-read or datagram.")
    @SuppressWarnings("NullAway.Init")
    private Mode mode;

    ExplainCommand() {}

    @Override
    public Integer call() throws IOException, Failure {
        if ((uid == null) == (pid == null)) {
            throw new ParameterException(spec.commandLine(), "one of --uid and --pid says who the peer is");
        }
        if (pid != null && (gid != null || groups != null)) {
            throw new ParameterException(spec.commandLine(), "--gid and --groups go with --uid");
        }
        Supposed peer = uid == null
                ? Supposed.process(Objects.requireNonNull(pid))
                : Supposed.user(id("--uid", uid), gid == null ? null : id("--gid", gid), groups());
        PeerExplanation explanation = file.load().explain(peer.evidence(mode));
        Output out = new Output();
        out.line(explanation.text());
        for (PeerExplanation.Passed passed : explanation.passed()) {
            out.line("  rule '" + Printable.of(passed.rule()) + "' does not match: "
                    + Printable.of(String.join("; ", passed.why())));
        }
        return explanation.decision().isAllowed() ? 0 : DENIED;
    }

    private @Nullable List<Long> groups() {
        if (groups == null) {
            return null;
        }
        List<Long> ids = new ArrayList<>();
        for (String group : groups) {
            if (!group.isEmpty()) {
                ids.add(id("--groups", number(group)));
            }
        }
        return ids;
    }

    private long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new ParameterException(spec.commandLine(), "--groups: '" + text + "' is no number", e);
        }
    }

    private long id(String option, long id) {
        if (id < 0 || id > MAX_ID) {
            throw new ParameterException(spec.commandLine(), option + " must be 0 to " + MAX_ID);
        }
        return id;
    }
}
