// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import com.fasterxml.jackson.dataformat.toml.TomlReadFeature;
import io.github.nettypeercred.authz.RuleSpec.Condition;
import io.github.nettypeercred.authz.RuleSpec.Item;
import io.github.nettypeercred.spi.TrustedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the rules of a policy file. Jackson says what its values are, {@link TomlOutline} where they stand; both must agree. */
final class PolicyFile {
    /** The longest file, in bytes. */
    static final int LIMIT = 16 << 20;

    private static final String RULE = "rule";
    private static final String NAME = "name";
    private static final String DECISION = "decision";

    /** Dates as what they are, lest they look like text. */
    private static final TomlMapper TOML =
            TomlMapper.builder().enable(TomlReadFeature.PARSE_JAVA_TIME).build();

    private final String source;

    private PolicyFile(String source) {
        this.source = source;
    }

    static List<RuleSpec> read(Path file) {
        return read(
                file,
                ServiceLoader.load(TrustedFile.class, PolicyFile.class.getClassLoader())
                        .findFirst()
                        .orElse(null));
    }

    static List<RuleSpec> read(Path file, @Nullable TrustedFile reader) {
        Place place = new Place(file.toString(), 0, 0);
        if (reader == null) {
            throw place.error(
                    "cannot be read as a file to trust: there is no TrustedFile, is netty-peercred-native on the class path?");
        }
        byte[] bytes;
        try {
            bytes = reader.read(file, LIMIT);
        } catch (IOException e) {
            throw place.error("not read: " + Quoted.plain(String.valueOf(e.getMessage())), e);
        }
        return parse(decode(bytes, file.toString()), file.toString());
    }

    private static String decode(byte[] bytes, String source) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
        } catch (CharacterCodingException e) {
            int line = 1;
            int column = 1;
            for (int i = 0; i < in.position(); i++) {
                column = bytes[i] == '\n' ? 1 : column + 1;
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw new Place(source, line, column).error("not UTF-8", e);
        }
    }

    static List<RuleSpec> parse(String text, String source) {
        return new PolicyFile(source).rules(text);
    }

    private List<RuleSpec> rules(String text) {
        TomlOutline outline = TomlOutline.of(text, source);
        outline.checkDuplicates();
        JsonNode root;
        try {
            root = TOML.readTree(text);
        } catch (JsonProcessingException e) {
            throw place(e, outline).error("not TOML: " + Quoted.plain(e.getOriginalMessage()), e);
        }
        checkTables(outline);
        PolicyException stopped = outline.stopped();
        if (stopped != null) {
            throw stopped;
        }
        List<TomlOutline.Table> tables = rules(outline);
        JsonNode rules = root.path(RULE);
        ensureAgree(
                root.size() == (tables.isEmpty() ? 0 : 1) && rules.size() == tables.size(),
                outline.tables().get(0).place());
        List<RuleSpec> specs = new ArrayList<>();
        for (int i = 0; i < tables.size(); i++) {
            specs.add(rule(tables.get(i), rules.path(i)));
        }
        return specs;
    }

    /** The outline, if it stopped, did so where the file is no TOML; Jackson has read on by then. */
    private Place place(JsonProcessingException e, TomlOutline outline) {
        PolicyException stopped = outline.stopped();
        if (stopped != null) {
            return new Place(source, stopped.line().orElse(1), stopped.column().orElse(1));
        }
        JsonLocation location = e.getLocation();
        if (location == null) {
            return new Place(source, 1, 1);
        }
        return new Place(source, Math.max(1, location.getLineNr()), Math.max(1, location.getColumnNr()));
    }

    private static List<TomlOutline.Table> rules(TomlOutline outline) {
        return outline.tables().subList(1, outline.tables().size());
    }

    private static void checkTables(TomlOutline outline) {
        TomlOutline.Table top = outline.tables().get(0);
        if (!top.entries().isEmpty()) {
            TomlOutline.Entry first = top.entries().get(0);
            throw first.place().error("key " + Quoted.of(first.key()) + " stands before the first [[rule]]");
        }
        for (TomlOutline.Table table : rules(outline)) {
            if (!table.repeated() || !table.name().equals(RULE)) {
                throw table.place()
                        .error("no such table: " + Quoted.of(table.name()) + "; a policy is made of [[rule]]");
            }
            for (TomlOutline.Entry entry : table.entries()) {
                if (!entry.key().equals(NAME)
                        && !entry.key().equals(DECISION)
                        && key(entry.key()).isEmpty()) {
                    throw entry.place().error("no such key: " + Quoted.of(entry.key()) + hint(entry.key()));
                }
            }
        }
    }

    private static String hint(String key) {
        return key.startsWith("not-")
                ? "; nothing can be negated: put a rule that denies in front, of users, as a group may never deny"
                : "; there are "
                        + Stream.concat(
                                        Stream.of(NAME, DECISION),
                                        Arrays.stream(RuleKey.values()).map(RuleKey::word))
                                .collect(Collectors.joining(", "));
    }

    private static Optional<RuleKey> key(String word) {
        return Arrays.stream(RuleKey.values())
                .filter(key -> key.word().equals(word))
                .findFirst();
    }

    private RuleSpec rule(TomlOutline.Table table, JsonNode node) {
        ensureAgree(
                table.entries().stream()
                        .map(TomlOutline.Entry::key)
                        .collect(Collectors.toSet())
                        .equals(keys(node)),
                table.place());
        Map<RuleKey, Condition> conditions = new EnumMap<>(RuleKey.class);
        for (TomlOutline.Entry entry : table.entries()) {
            Condition values = new Condition(entry.place(), items(entry, node.path(entry.key())));
            key(entry.key()).ifPresent(key -> conditions.put(key, values));
        }
        Item name = one(table, node, NAME);
        Item decision = one(table, node, DECISION);
        if (!(name.value() instanceof String text)) {
            throw name.place().error("not a name of a rule: " + Quoted.of(name.value()));
        }
        if (!decision.value().equals("allow") && !decision.value().equals("deny")) {
            throw decision.place().error("a decision is \"allow\" or \"deny\": " + Quoted.of(decision.value()));
        }
        return new RuleSpec(text, name.place(), decision.value().equals("allow"), table.place(), conditions);
    }

    private static java.util.Set<String> keys(JsonNode node) {
        java.util.Set<String> keys = new java.util.HashSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private Item one(TomlOutline.Table table, JsonNode node, String key) {
        for (TomlOutline.Entry entry : table.entries()) {
            if (entry.key().equals(key)) {
                List<Item> items = items(entry, node.path(key));
                if (entry.list()) {
                    throw entry.place().error(key + " is one text, not a list");
                }
                return items.get(0);
            }
        }
        throw table.place().error("a rule has no " + key);
    }

    private List<Item> items(TomlOutline.Entry entry, JsonNode node) {
        ensureAgree(
                node.isArray() == entry.list()
                        && (!entry.list() || node.size() == entry.values().size()),
                entry.place());
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < entry.values().size(); i++) {
            Place place = entry.values().get(i);
            items.add(new Item(value(entry.list() ? node.path(i) : node, place), place));
        }
        return items;
    }

    private static Object value(JsonNode node, Place place) {
        if (node.isTextual()) {
            return node.textValue();
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber()) {
            if (!node.canConvertToLong()) {
                throw place.error("not an id: " + Quoted.of(node.bigIntegerValue()) + "; ids are 0 to 4294967294");
            }
            return node.longValue();
        }
        throw place.error("neither a text nor a whole number: " + Quoted.plain(node.asText()));
    }

    /** Whether Jackson and the outline have seen the same. Where they have not, nothing of the file is believed. */
    private static void ensureAgree(boolean agree, Place place) {
        if (!agree) {
            throw place.error("read in two ways with different results: write it more simply");
        }
    }
}
