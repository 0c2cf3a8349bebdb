// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.ProcessFacts;
import io.github.nettypeercred.process.ProcessIds;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Text for people: whatever comes from outside is escaped, and quoted where it is more than a plain word. */
final class TextReport implements Report {
    private final Output out;

    TextReport(Output out) {
        this.out = out;
    }

    @Override
    public void listening(SocketPath path) throws IOException {
        out.line("listening on " + Printable.word(path.text()));
    }

    @Override
    public void peer(long connection, Peer peer, Verdict verdict) throws IOException {
        StringBuilder line = new StringBuilder("peer ").append(connection).append(credentials(peer));
        Optional<String> executable = peer.executable();
        Optional<List<String>> commandLine = peer.commandLine();
        if (executable.isPresent() || commandLine.isPresent()) {
            line.append(" derived:");
            executable.ifPresent(path -> line.append(" exe=").append(Printable.word(path)));
            commandLine.ifPresent(words -> line.append(" cmdline=").append(words(words)));
        }
        out.line(line + verdict(verdict));
    }

    @Override
    public void data(long connection, int bytes, Peer sender, Verdict verdict) throws IOException {
        out.line("data " + connection + " bytes=" + bytes + credentials(sender) + verdict(verdict));
    }

    private static String verdict(Verdict verdict) {
        return verdict.explanation() == null ? "" : ": " + verdict.explanation().text();
    }

    private static StringBuilder credentials(Peer peer) {
        UnixPeerCredentials credentials = peer.credentials();
        StringBuilder text = new StringBuilder(" uid=")
                .append(id(credentials.uid(), peer.user()))
                .append(" gid=")
                .append(id(credentials.gid(), peer.group()));
        credentials.pid().ifPresent(pid -> text.append(" pid=").append(pid));
        credentials.groups().value().ifPresent(groups -> text.append(" groups=").append(groups(groups, peer, ",")));
        credentials.label().value().ifPresent(label -> text.append(" label=").append(Printable.word(label)));
        return text;
    }

    @Override
    public void absent(OptionalLong connection, Absence absence, Verdict verdict) throws IOException {
        out.line("absent " + (connection.isPresent() ? connection.getAsLong() + " " : "") + absence.reason() + ": "
                + Printable.of(absence.message()) + verdict(verdict));
    }

    @Override
    public void closed(long connection) throws IOException {
        out.line("closed " + connection);
    }

    @Override
    public void listener(SocketPath path, Peer listener, Liveness liveness) throws IOException {
        UnixPeerCredentials credentials = listener.credentials();
        out.line("listener of " + Printable.word(path.text()) + ", the last caller of listen(2) on it:");
        row("pid", credentials.pid().isPresent() ? "" + credentials.pid().getAsInt() : "not visible here");
        row("uid", id(credentials.uid(), listener.user()));
        row("gid", id(credentials.gid(), listener.group()));
        row("groups", known(credentials.groups(), groups -> groups(groups, listener, " ")));
        row("label", known(credentials.label(), Printable::word));
        row("source", credentials.source().toString());
        if (liveness == Liveness.GONE) {
            out.line("the process that called listen(2) is gone; another one that inherited the socket serves");
        } else if (listener.facts().isPresent()) {
            ProcessFacts facts = listener.facts().get();
            out.line("derived from /proc (a process can change these; they prove nothing):");
            row("exe", known(facts.executable(), Printable::word));
            row("cmdline", known(facts.commandLine(), TextReport::words));
        }
    }

    @Override
    public void process(Answer<ProcessIds> ids, ProcessFacts facts) throws IOException {
        out.line("the process now (real, effective, saved ids are the kernel's word, the rest is from /proc):");
        row("parent", known(ids, now -> now.parentPid() == 0 ? "not visible here" : "" + now.parentPid()));
        row("uids", known(ids, now -> now.realUid() + " " + now.effectiveUid() + " " + now.savedUid()));
        row("gids", known(ids, now -> now.realGid() + " " + now.effectiveGid() + " " + now.savedGid()));
        row("started", known(facts.start(), start -> start.time().toString()));
        row("exe", known(facts.executable(), Printable::word));
        row("cmdline", known(facts.commandLine(), TextReport::words));
        row("cgroup", known(facts.cgroup(), Printable::word));
        row("unit", known(facts.unit(), Printable::word));
        row("caps", known(facts.capabilities(), caps -> Capabilities.hex(caps.effective())));
    }

    private void row(String name, String value) throws IOException {
        out.line("  " + name + " ".repeat(9 - name.length()) + value);
    }

    private static <T> String known(Answer<T> answer, Function<T, String> shown) {
        return answer.value()
                .map(shown)
                .orElseGet(() -> "unknown ("
                        + Printable.of(answer.absence().orElseThrow().toString()) + ")");
    }

    private static String id(long id, Optional<String> name) {
        return id + name.map(known -> "(" + Printable.word(known) + ")").orElse("");
    }

    private static String groups(SupplementaryGroups groups, Peer peer, String separator) {
        String shown = groups.stream()
                .mapToObj(gid -> id(gid, Optional.ofNullable(peer.groupNames().get(gid))))
                .collect(Collectors.joining(separator));
        String unmapped = groups.unmapped() == 0 ? "" : "(and " + groups.unmapped() + " unmapped)";
        if (shown.isEmpty() && unmapped.isEmpty()) {
            return "none";
        }
        return shown.isEmpty() || unmapped.isEmpty() ? shown + unmapped : shown + separator + unmapped;
    }

    private static String words(List<String> words) {
        return words.isEmpty() ? "none" : words.stream().map(Printable::word).collect(Collectors.joining(" "));
    }
}
