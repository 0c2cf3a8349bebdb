// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.SupposedPeer;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerEvidence;
import io.github.nettypeercred.authz.ProcessEvidence;
import io.github.nettypeercred.spi.AccountDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * A peer that is asked about, and is not there.
 *
 * @param peer its ids and groups
 * @param process what its process is, null if it has none
 */
record Supposed(SupposedPeer peer, @Nullable ProcessEvidence process) {
    /** Supposes a user, with the groups of its account where none are given. */
    static Supposed user(long uid, @Nullable Long gid, @Nullable List<Long> groups) throws Failure {
        Optional<AccountDatabase> accounts = gid == null || groups == null
                ? ServiceLoader.load(AccountDatabase.class).findFirst()
                : Optional.empty();
        Optional<String> name = accounts.flatMap(known -> known.userName(uid).value());
        long primary = gid != null
                ? gid
                : accounts.flatMap(known ->
                                name.flatMap(user -> known.userIds(user).value()))
                        .orElseThrow(() -> new Failure("user " + uid + " has no account here: give --gid"))
                        .gid();
        List<Long> supplementary = groups != null
                ? groups
                : accounts.flatMap(known ->
                                name.flatMap(user -> known.groupsOf(user).value()))
                        .orElseThrow(
                                () -> new Failure("user " + uid + " has no account here: give --groups, '' for none"));
        return new Supposed(SupposedPeer.of(uid, primary).groups(array(supplementary)), null);
    }

    /** Supposes what a process is now. */
    static Supposed process(int pid) throws IOException, Failure {
        try {
            ProcessStatus status = ProcessStatus.of(pid);
            return new Supposed(
                    SupposedPeer.of(status.uid(), status.gid()).pid(pid).groups(array(List.copyOf(status.groups()))),
                    evidence(Path.of("/proc", Integer.toString(pid))));
        } catch (NoSuchFileException e) {
            throw new Failure("there is no process " + pid, e);
        }
    }

    private static ProcessEvidence evidence(Path process) {
        return new ProcessEvidence(
                read(() -> Files.readSymbolicLink(process.resolve("exe")).toString()),
                read(() -> List.of(
                        Files.readString(process.resolve("cmdline"), UTF_8).split("\0"))),
                Answer.unknown(new Absence(AbsenceReason.UNSUPPORTED, "the unit is not looked up")));
    }

    private static <T> Answer<T> read(Reading<T> reading) {
        try {
            return Answer.known(reading.read());
        } catch (IOException e) {
            return Answer.unknown(new Absence(AbsenceReason.FAILED, String.valueOf(e)));
        }
    }

    private static long[] array(List<Long> ids) {
        return ids.stream().mapToLong(Long::longValue).toArray();
    }

    /** Returns what a server would know of it that captures at that moment. */
    PeerEvidence evidence(Mode mode) {
        UnixPeerCredentials connected = peer.credentials();
        PeerEvidence evidence =
                switch (mode) {
                    case CONNECT -> PeerEvidence.of(connected);
                    case FIRST_READ -> PeerEvidence.of(connected, sent(Moment.FIRST_READ));
                    case EVERY_READ -> PeerEvidence.of(connected, sent(Moment.EVERY_READ));
                    case DATAGRAM -> PeerEvidence.of(sent(Moment.DATAGRAM));
                };
        return process == null ? evidence : evidence.withProcess(process);
    }

    private UnixPeerCredentials sent(Moment moment) {
        return peer.moment(moment).credentials();
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read() throws IOException;
    }
}
