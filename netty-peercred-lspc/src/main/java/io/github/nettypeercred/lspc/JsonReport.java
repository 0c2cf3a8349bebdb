// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.github.nettypeercred.Absence;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision;
import io.github.nettypeercred.process.ProcessCapabilities;
import io.github.nettypeercred.process.ProcessFacts;
import io.github.nettypeercred.process.ProcessIds;
import io.github.nettypeercred.process.ProcessStart;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/** JSON Lines: an object a line, in ASCII without control characters. The keys are documented in docs/lspc.md. */
final class JsonReport implements Report {
    private static final String CONNECTION = "connection";

    private final JsonFactory json = new JsonFactoryBuilder()
            .configure(JsonWriteFeature.ESCAPE_NON_ASCII, true)
            .characterEscapes(new ControlEscapes())
            .build();
    private final Output out;

    JsonReport(Output out) {
        this.out = out;
    }

    @Override
    public void listening(SocketPath path) throws IOException {
        event("listening", object -> object.writeStringField("path", path.text()));
    }

    @Override
    public void peer(long connection, Peer peer, Verdict verdict) throws IOException {
        event("peer", object -> {
            object.writeNumberField(CONNECTION, connection);
            peer(object, peer);
            verdict(object, verdict);
        });
    }

    @Override
    public void data(long connection, int bytes, Peer sender, Verdict verdict) throws IOException {
        event("data", object -> {
            object.writeNumberField(CONNECTION, connection);
            object.writeNumberField("bytes", bytes);
            peer(object, sender);
            verdict(object, verdict);
        });
    }

    @Override
    public void absent(OptionalLong connection, Absence absence, Verdict verdict) throws IOException {
        event("absent", object -> {
            if (connection.isPresent()) {
                object.writeNumberField(CONNECTION, connection.getAsLong());
            }
            object.writeStringField("reason", absence.reason().name());
            object.writeStringField("message", absence.message());
            verdict(object, verdict);
        });
    }

    @Override
    public void closed(long connection) throws IOException {
        event("closed", object -> object.writeNumberField(CONNECTION, connection));
    }

    @Override
    public void listener(SocketPath path, Peer listener, Liveness liveness) throws IOException {
        event("listener", object -> {
            object.writeStringField("path", path.text());
            peer(object, listener);
            if (liveness != Liveness.UNKNOWN) {
                object.writeBooleanField("alive", liveness == Liveness.ALIVE);
            }
        });
    }

    @Override
    public void process(Answer<ProcessIds> ids, ProcessFacts facts) throws IOException {
        event("process", object -> {
            if (ids.value().isPresent()) {
                ids(object, ids.value().get());
            }
            if (facts.start().value().isPresent()) {
                ProcessStart start = facts.start().value().get();
                object.writeStringField("started", start.time().toString());
                object.writeNumberField("startTicks", start.ticks());
            }
            text(object, "exe", facts.executable().value());
            words(object, "cmdline", facts.commandLine().value());
            text(object, "cgroup", facts.cgroup().value());
            text(object, "unit", facts.unit().value());
            if (facts.capabilities().value().isPresent()) {
                capabilities(object, facts.capabilities().value().get());
            }
        });
    }

    private static void ids(JsonGenerator object, ProcessIds ids) throws IOException {
        object.writeNumberField("pid", ids.pid());
        if (ids.parentPid() != 0) {
            object.writeNumberField("parent", ids.parentPid());
        }
        object.writeNumberField("realUid", ids.realUid());
        object.writeNumberField("effectiveUid", ids.effectiveUid());
        object.writeNumberField("savedUid", ids.savedUid());
        object.writeNumberField("realGid", ids.realGid());
        object.writeNumberField("effectiveGid", ids.effectiveGid());
        object.writeNumberField("savedGid", ids.savedGid());
    }

    private static void capabilities(JsonGenerator object, ProcessCapabilities capabilities) throws IOException {
        object.writeObjectFieldStart("capabilities");
        object.writeStringField("inheritable", Capabilities.hex(capabilities.inheritable()));
        object.writeStringField("permitted", Capabilities.hex(capabilities.permitted()));
        object.writeStringField("effective", Capabilities.hex(capabilities.effective()));
        object.writeStringField("bounding", Capabilities.hex(capabilities.bounding()));
        object.writeStringField("ambient", Capabilities.hex(capabilities.ambient()));
        object.writeEndObject();
    }

    private void event(String event, Content content) throws IOException {
        StringWriter line = new StringWriter();
        try (JsonGenerator object = json.createGenerator(line)) {
            object.writeStartObject();
            object.writeStringField("event", event);
            content.write(object);
            object.writeEndObject();
        }
        out.line(line.toString());
    }

    private static void peer(JsonGenerator object, Peer peer) throws IOException {
        UnixPeerCredentials credentials = peer.credentials();
        object.writeNumberField("uid", credentials.uid());
        object.writeNumberField("gid", credentials.gid());
        if (credentials.pid().isPresent()) {
            object.writeNumberField("pid", credentials.pid().getAsInt());
        }
        groups(object, credentials.groups().value());
        text(object, "label", credentials.label().value());
        object.writeStringField("mechanism", credentials.source().mechanism().name());
        object.writeStringField("moment", lowerCase(credentials.source().moment()));
        object.writeStringField("ids", lowerCase(credentials.source().ids()));
        text(object, "user", peer.user());
        text(object, "group", peer.group());
        derived(object, peer.executable(), peer.commandLine());
    }

    private static void verdict(JsonGenerator object, Verdict verdict) throws IOException {
        if (verdict.explanation() == null) {
            return;
        }
        PeerDecision decision = verdict.explanation().decision();
        object.writeStringField("decision", Verdict.word(decision));
        text(object, "rule", Verdict.rule(decision));
        object.writeArrayFieldStart("grants");
        for (String grant : Verdict.grants(decision)) {
            object.writeString(grant);
        }
        object.writeEndArray();
        object.writeStringField("why", verdict.explanation().text());
    }

    private static void groups(JsonGenerator object, Optional<SupplementaryGroups> groups) throws IOException {
        if (groups.isEmpty()) {
            return;
        }
        object.writeArrayFieldStart("groups");
        PrimitiveIterator.OfLong gids = groups.get().stream().iterator();
        while (gids.hasNext()) {
            object.writeNumber(gids.nextLong());
        }
        object.writeEndArray();
        if (groups.get().unmapped() > 0) {
            object.writeNumberField("unmappedGroups", groups.get().unmapped());
        }
    }

    private static void derived(JsonGenerator object, Optional<String> executable, Optional<List<String>> commandLine)
            throws IOException {
        if (executable.isEmpty() && commandLine.isEmpty()) {
            return;
        }
        object.writeObjectFieldStart("derived");
        text(object, "exe", executable);
        words(object, "cmdline", commandLine);
        object.writeEndObject();
    }

    private static void words(JsonGenerator object, String key, Optional<List<String>> words) throws IOException {
        if (words.isPresent()) {
            object.writeArrayFieldStart(key);
            for (String word : words.get()) {
                object.writeString(word);
            }
            object.writeEndArray();
        }
    }

    private static void text(JsonGenerator object, String key, Optional<String> text) throws IOException {
        if (text.isPresent()) {
            object.writeStringField(key, text.get());
        }
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** JSON's own escapes, and one for DEL, which is a control character to terminals but not to JSON. */
    private static final class ControlEscapes extends CharacterEscapes {
        private static final long serialVersionUID = 1L;
        private static final int DEL = 0x7f;

        private final int[] escapes = standardAsciiEscapesForJSON();

        ControlEscapes() {
            escapes[DEL] = ESCAPE_STANDARD;
        }

        @Override
        public int[] getEscapeCodesForAscii() {
            return escapes;
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int character) {
            return null;
        }
    }

    @FunctionalInterface
    private interface Content {
        void write(JsonGenerator object) throws IOException;
    }
}
