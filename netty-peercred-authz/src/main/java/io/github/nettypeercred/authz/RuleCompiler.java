// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.authz.CompiledRule.ProcessCondition;
import io.github.nettypeercred.authz.RuleSpec.Condition;
import io.github.nettypeercred.authz.RuleSpec.Item;
import io.github.nettypeercred.spi.AccountDatabase;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Checks rules one by one, and resolves their names. */
final class RuleCompiler {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9._-])?");
    private static final Pattern GRANT = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final int SHOWN = 16;

    private final @Nullable AccountDatabase accounts;
    private final Map<String, Long> resolvedUsers = new HashMap<>();
    private final Map<String, Long> resolvedGroups = new HashMap<>();

    RuleCompiler(@Nullable AccountDatabase accounts) {
        this.accounts = accounts;
    }

    List<CompiledRule> compile(Collection<RuleSpec> specs) {
        List<CompiledRule> rules = new ArrayList<>();
        Map<String, RuleSpec> names = new HashMap<>();
        for (RuleSpec spec : specs) {
            RuleSpec other = names.put(spec.name(), spec);
            if (other != null) {
                throw spec.namePlace()
                        .error("there is a rule " + Quoted.of(spec.name()) + " already"
                                + (other.place().line() > 0
                                        ? ", in line " + other.place().line()
                                        : ""));
            }
            rules.add(compile(spec));
        }
        return rules;
    }

    private CompiledRule compile(RuleSpec spec) {
        if (!NAME.matcher(spec.name()).matches()) {
            throw spec.namePlace()
                    .error("not a name of a rule: " + Quoted.of(spec.name())
                            + "; it is up to 64 letters, digits, spaces, \".\", \"_\" and \"-\"");
        }
        for (Condition entry : spec.conditions().values()) {
            checkList(entry);
        }
        spec.conditions().forEach((key, entry) -> checkPlaceOfKey(spec, key, entry));
        checkNotEmpty(spec);
        Map<RuleKey, String> words = new EnumMap<>(RuleKey.class);
        int moments = mask(spec, RuleKey.MOMENT, item -> PolicyWords.bit(PolicyWords.moment(item)), words);
        int mechanisms = mask(spec, RuleKey.MECHANISM, item -> PolicyWords.bit(PolicyWords.mechanism(item)), words);
        checkMoments(spec, moments, mechanisms);
        CertificateCondition certificate = certificate(spec, words);
        int kinds = kinds(spec, words);
        boolean mayDiffer = senderMayDiffer(spec, moments, mechanisms);
        Condition age = spec.conditions().get(RuleKey.MAX_AGE);
        if (age != null) {
            words.put(RuleKey.MAX_AGE, "max-age " + age.items().get(0).value());
        }
        return new CompiledRule(
                spec.name(),
                spec.place(),
                spec.allows(),
                ids(spec, RuleKey.USER, this::user, words),
                ids(spec, RuleKey.PRIMARY_GROUP, this::group, words),
                ids(spec, RuleKey.GROUP, this::group, words),
                labels(spec, words),
                moments,
                mechanisms,
                kinds,
                process(spec, words),
                certificate,
                mayDiffer,
                Set.copyOf(texts(spec, RuleKey.GRANTS, RuleCompiler::grant)),
                words);
    }

    private static void checkList(Condition entry) {
        if (entry.items().isEmpty()) {
            throw entry.place().error("an empty list: the rule could never match");
        }
        Set<Object> seen = new HashSet<>();
        for (Item item : entry.items()) {
            if (!seen.add(item.value())) {
                throw item.place().error(Quoted.of(item.value()) + " is there twice");
            }
        }
    }

    private static void checkPlaceOfKey(RuleSpec spec, RuleKey key, Condition entry) {
        if (!spec.allows() && key.isOfGroups()) {
            throw entry.place()
                    .error(
                            "a group may only allow, never deny: an ordinary user can shed its groups in a user namespace");
        }
        if (spec.allows() && key.isOfProcess()) {
            throw entry.place()
                    .error(key.word()
                            + " may only deny, never allow: a client may connect, write and exec the trusted program,"
                            + " and pid, pidfd and start time stay");
        }
        if (!spec.allows() && key == RuleKey.SENDER_MAY_DIFFER) {
            throw entry.place()
                    .error(
                            "sender-may-differ is for rules that allow: one that denies holds for who sends and for who connected");
        }
        if (!spec.allows() && key == RuleKey.GRANTS) {
            throw entry.place().error("a rule that denies grants nothing");
        }
        if (key == RuleKey.MAX_AGE) {
            checkMaxAge(spec, entry);
        }
    }

    private static void checkMaxAge(RuleSpec spec, Condition entry) {
        if (!spec.allows()) {
            throw entry.place().error("a rule that denies lets nobody in who could age");
        }
        Item item = entry.items().get(0);
        if (entry.items().size() > 1
                || !(item.value() instanceof Long seconds)
                || seconds < 1
                || seconds > Integer.MAX_VALUE) {
            throw item.place().error("max-age is a number of seconds, 1 to 2147483647: " + Quoted.of(item.value()));
        }
    }

    private static void checkNotEmpty(RuleSpec spec) {
        Set<RuleKey> keys = spec.conditions().keySet();
        boolean named = keys.stream().anyMatch(RuleKey::isOfCertificate)
                || keys.contains(RuleKey.USER)
                || keys.contains(RuleKey.PRIMARY_GROUP)
                || keys.contains(RuleKey.GROUP)
                || keys.contains(RuleKey.LABEL)
                || keys.contains(RuleKey.PEER);
        if (spec.allows() && !named) {
            throw spec.place()
                    .error("rule " + Quoted.of(spec.name())
                            + " does not say whom it allows; to allow everybody, say user = \"@any\"");
        }
        if (keys.isEmpty()) {
            throw spec.place()
                    .error("rule " + Quoted.of(spec.name())
                            + " does not say whom it denies; to deny everybody, say user = \"@any\"");
        }
    }

    private static void checkMoments(RuleSpec spec, int moments, int mechanisms) {
        for (Moment moment : Moment.values()) {
            for (Mechanism mechanism : Mechanism.values()) {
                if ((moments & PolicyWords.bit(moment)) != 0
                        && (mechanisms & PolicyWords.bit(mechanism)) != 0
                        && PolicyWords.agree(moment, mechanism)) {
                    return;
                }
            }
        }
        throw place(spec, RuleKey.MECHANISM)
                .error("the rule can never match: no credentials of that moment come from that mechanism");
    }

    private static int kinds(RuleSpec spec, Map<RuleKey, String> words) {
        Condition entry = spec.conditions().get(RuleKey.PEER);
        Set<RuleKey> keys = spec.conditions().keySet();
        boolean ofCertificate = keys.stream().anyMatch(RuleKey::isOfCertificate);
        if (entry == null) {
            int kinds = PeerKind.VISIBLE.bit() | (spec.allows() ? 0 : PeerKind.NOT_VISIBLE.bit());
            boolean ofCertificateAlone = ofCertificate && keys.stream().noneMatch(RuleKey::isOfCredentials);
            return !ofCertificateAlone
                    ? kinds
                    : kinds | PeerKind.REMOTE.bit() | (spec.allows() ? 0 : PeerKind.UNMAPPED.bit());
        }
        int kinds = 0;
        for (Item item : entry.items()) {
            PeerKind kind = PolicyWords.kind(item);
            kinds |= kind.bit();
            if (kind == PeerKind.UNMAPPED) {
                for (RuleKey key : RuleKey.values()) {
                    if (spec.conditions().containsKey(key)
                            && key != RuleKey.PEER
                            && key != RuleKey.GRANTS
                            && key != RuleKey.MAX_AGE
                            && !key.isOfCertificate()
                            && key != RuleKey.SENDER_MAY_DIFFER) {
                        throw item.place()
                                .error("an unmapped peer has no ids and no evidence, so " + key.word()
                                        + " can never match it; give it a rule of its own");
                    }
                }
            }
        }
        if ((kinds & PeerKind.REMOTE.bit()) != 0) {
            checkRemote(spec, entry, ofCertificate);
        }
        words.put(
                RuleKey.PEER,
                "peer " + joined(entry.items(), item -> PolicyWords.kind(item).word()));
        return kinds;
    }

    private static void checkRemote(RuleSpec spec, Condition entry, boolean ofCertificate) {
        for (RuleKey key : spec.conditions().keySet()) {
            if (key.isOfCredentials()) {
                throw entry.place()
                        .error("a remote peer has a certificate and no credentials, so " + key.word()
                                + " can never match it; give it a rule of its own");
            }
        }
        if (spec.allows() && !ofCertificate) {
            throw entry.place()
                    .error("rule " + Quoted.of(spec.name())
                            + " does not say which remote peers it allows: name certificate-subject,"
                            + " certificate-issuer, certificate-san or spiffe-id");
        }
    }

    private static boolean senderMayDiffer(RuleSpec spec, int moments, int mechanisms) {
        Condition entry = spec.conditions().get(RuleKey.SENDER_MAY_DIFFER);
        if (entry == null) {
            return false;
        }
        if (!entry.items().get(0).value().equals(true)) {
            throw entry.items().get(0).place().error("sender-may-differ is true or left out");
        }
        for (Moment moment : Moment.values()) {
            if ((moments & PolicyWords.bit(moment)) != 0 && PolicyWords.comesOverConnection(moment)) {
                for (Mechanism mechanism : Mechanism.values()) {
                    if ((mechanisms & PolicyWords.bit(mechanism)) != 0 && PolicyWords.agree(moment, mechanism)) {
                        return true;
                    }
                }
            }
        }
        throw entry.place()
                .error(
                        "sender-may-differ means nothing here: only of a first read and of every read is the sender known");
    }

    private static int mask(RuleSpec spec, RuleKey key, ToIntFunction<Item> bit, Map<RuleKey, String> words) {
        Condition entry = spec.conditions().get(key);
        if (entry == null) {
            return CompiledRule.ALL;
        }
        int mask = 0;
        for (Item item : entry.items()) {
            mask |= bit.applyAsInt(item);
        }
        words.put(
                key,
                key.word() + " " + joined(entry.items(), item -> item.value().toString()));
        return mask;
    }

    private @Nullable IdSet ids(
            RuleSpec spec, RuleKey key, Function<Item, IdSet.Range> resolve, Map<RuleKey, String> words) {
        Condition entry = spec.conditions().get(key);
        if (entry == null) {
            return null;
        }
        boolean any = false;
        List<IdSet.Range> ranges = new ArrayList<>();
        for (Item item : entry.items()) {
            IdSet.Range range = resolve.apply(item);
            any |= item.value().equals(PolicyWords.ANY);
            ranges.add(range);
        }
        if (any && ranges.size() > 1) {
            throw entry.place().error("\"@any\" is everybody: leave the others out");
        }
        words.put(key, key.word() + " " + joined(entry.items(), item -> written(item, resolve.apply(item))));
        return any ? null : IdSet.of(ranges);
    }

    /** An item as it was written, with the id behind a word or name. */
    private static String written(Item item, IdSet.Range range) {
        String ids = range.first() == range.last() ? Long.toString(range.first()) : range.first() + "-" + range.last();
        boolean number = !(item.value() instanceof String text) || Character.isDigit(text.charAt(0));
        return number
                ? ids
                : item.value().equals(PolicyWords.ANY)
                        ? PolicyWords.ANY
                        : ids + " (" + Quoted.plain((String) item.value()) + ")";
    }

    private IdSet.Range user(Item item) {
        if (item.value().equals(PolicyWords.ANY)) {
            return new IdSet.Range(0, IdSet.LAST);
        }
        if (item.value().equals(PolicyWords.ROOT)) {
            return single(0);
        }
        if (item.value().equals(PolicyWords.SERVER)) {
            return single(
                    resolve(resolvedUsers, "this process's user", PolicyWords.SERVER, item, AccountDatabase::ownUid));
        }
        return range(
                item,
                "user",
                name -> resolve(resolvedUsers, "user", name, item, database -> map(database.userIds(name))));
    }

    private static Answer<Long> map(Answer<AccountDatabase.UserIds> ids) {
        return ids instanceof Answer.Known<AccountDatabase.UserIds> known
                ? Answer.known(known.known().uid())
                : Answer.unknown(ids.absence().orElseThrow());
    }

    private IdSet.Range group(Item item) {
        return range(
                item,
                "group",
                name -> resolve(resolvedGroups, "group", name, item, database -> database.groupId(name)));
    }

    private static IdSet.Range range(Item item, String what, Function<String, Long> resolve) {
        if (item.value() instanceof Long id) {
            return new IdSet.Range(id(id, item), id(id, item));
        }
        if (item.value() instanceof IdSet.Range range) {
            return checked(range, item);
        }
        if (!(item.value() instanceof String text)) {
            throw item.place().error("neither an id nor a name of a " + what + ": " + Quoted.of(item.value()));
        }
        if (text.startsWith("!") || text.startsWith("-")) {
            throw item.place()
                    .error(
                            what.equals("group")
                                    ? "a group cannot be negated: an ordinary user can shed its groups in a user namespace"
                                    : "a user cannot be negated: deny it by a rule in front");
        }
        if (text.isEmpty() || text.startsWith("@") || text.indexOf('\0') >= 0) {
            throw item.place()
                    .error("no such word: " + Quoted.of(text)
                            + (what.equals("user") ? "; there are \"@any\", \"@root\" and \"@server\"" : ""));
        }
        if (Character.isDigit(text.charAt(0)) && text.matches("[0-9]+(-[0-9]+)?")) {
            int dash = text.indexOf('-');
            if (dash < 0 || text.length() > 21) {
                throw item.place()
                        .error("an id is written without quotes, a range as \"1000-1999\": " + Quoted.of(text));
            }
            return checked(
                    new IdSet.Range(number(text.substring(0, dash), item), number(text.substring(dash + 1), item)),
                    item);
        }
        return single(resolve.apply(text));
    }

    private static long number(String digits, Item item) {
        if (digits.length() > 10) {
            throw item.place().error("not an id: " + digits + "; ids are 0 to 4294967294");
        }
        return Long.parseLong(digits);
    }

    private static IdSet.Range checked(IdSet.Range range, Item item) {
        if (id(range.first(), item) > id(range.last(), item)) {
            throw item.place().error("an empty range: " + Quoted.of(item.value()));
        }
        return range;
    }

    private static IdSet.Range single(long id) {
        return new IdSet.Range(id, id);
    }

    private static long id(long id, Item item) {
        if (id < 0 || id > IdSet.LAST) {
            throw item.place().error("not an id: " + id + "; ids are 0 to 4294967294");
        }
        return id;
    }

    private long resolve(
            Map<String, Long> resolved,
            String what,
            String name,
            Item item,
            Function<AccountDatabase, Answer<Long>> lookUp) {
        Long before = resolved.get(name);
        if (before != null) {
            return before;
        }
        String of = name.startsWith("@") ? what : what + " " + Quoted.of(name);
        if (accounts == null) {
            throw item.place()
                    .error("cannot look up " + of
                            + ": there is no AccountDatabase, is netty-peercred-native on the class path?");
        }
        Answer<Long> answer = lookUp.apply(accounts);
        if (answer instanceof Answer.Known<Long> known) {
            resolved.put(name, known.known());
            return known.known();
        }
        throw item.place()
                .error("cannot look up " + of + ": " + answer.absence().orElseThrow());
    }

    private static @Nullable Set<String> labels(RuleSpec spec, Map<RuleKey, String> words) {
        Condition entry = spec.conditions().get(RuleKey.LABEL);
        if (entry == null) {
            return null;
        }
        words.put(RuleKey.LABEL, "label " + joined(entry.items(), item -> Quoted.of(item.value())));
        return Set.copyOf(texts(spec, RuleKey.LABEL, RuleCompiler::text));
    }

    private static @Nullable ProcessCondition process(RuleSpec spec, Map<RuleKey, String> words) {
        List<String> executables = texts(spec, RuleKey.EXECUTABLE, RuleCompiler::executable);
        List<String> commandLines = texts(spec, RuleKey.COMMAND_LINE, RuleCompiler::text);
        List<String> units = texts(spec, RuleKey.UNIT, RuleCompiler::text);
        for (RuleKey key : List.of(RuleKey.EXECUTABLE, RuleKey.COMMAND_LINE, RuleKey.UNIT)) {
            Condition entry = spec.conditions().get(key);
            if (entry != null) {
                words.put(key, key.word() + " " + joined(entry.items(), item -> Quoted.of(item.value())));
            }
        }
        return executables.isEmpty() && commandLines.isEmpty() && units.isEmpty()
                ? null
                : new ProcessCondition(executables, commandLines, units);
    }

    private static @Nullable CertificateCondition certificate(RuleSpec spec, Map<RuleKey, String> words) {
        boolean any = false;
        for (RuleKey key : RuleKey.values()) {
            Condition entry = spec.conditions().get(key);
            if (entry != null && key.isOfCertificate()) {
                any = true;
                words.put(key, key.word() + " " + joined(entry.items(), item -> Quoted.of(item.value())));
            }
        }
        return !any
                ? null
                : new CertificateCondition(
                        anyOr(spec, RuleKey.CERTIFICATE_SUBJECT),
                        set(spec, RuleKey.CERTIFICATE_ISSUER, RuleCompiler::distinguishedName),
                        set(spec, RuleKey.CERTIFICATE_SAN, RuleCompiler::alternativeName),
                        spec.conditions().containsKey(RuleKey.SPIFFE_ID)
                                ? texts(spec, RuleKey.SPIFFE_ID, RuleCompiler::spiffeId)
                                : null);
    }

    /** The subjects, null for any. */
    private static @Nullable Set<String> anyOr(RuleSpec spec, RuleKey key) {
        Condition entry = spec.conditions().get(key);
        if (entry == null
                || entry.items().stream().noneMatch(item -> item.value().equals(PolicyWords.ANY))) {
            return set(spec, key, RuleCompiler::distinguishedName);
        }
        if (entry.items().size() > 1) {
            throw entry.place().error("\"@any\" is every verified certificate: leave the others out");
        }
        return null;
    }

    private static @Nullable Set<String> set(RuleSpec spec, RuleKey key, Function<Item, String> text) {
        return spec.conditions().containsKey(key) ? new HashSet<>(texts(spec, key, text)) : null;
    }

    private static String distinguishedName(Item item) {
        String text = text(item);
        String name;
        try {
            name = DistinguishedName.parse(text);
        } catch (RuntimeException e) { // the JDK's parser throws more than it says
            throw item.place().error("not a distinguished name, as \"CN=alice,O=Example\": " + Quoted.of(text), e);
        }
        if (name.isEmpty()) {
            throw item.place().error("not a distinguished name: " + Quoted.of(text));
        }
        return name;
    }

    private static String alternativeName(Item item) {
        String text = text(item);
        int colon = text.indexOf(':') + 1;
        String name = text.substring(colon);
        if (name.isEmpty()) {
            throw item.place().error("an alternative name without a name: " + Quoted.of(text));
        }
        return switch (text.substring(0, colon)) {
            case "DNS:" -> "DNS:" + name.toLowerCase(Locale.ROOT);
            case "IP:" -> {
                if (NetUtil.createByteArrayFromIpAddressString(name) == null) {
                    throw item.place().error("not an address: " + Quoted.of(name));
                }
                yield "IP:" + PeerCertificate.address(name);
            }
            case "URI:" -> {
                if (SpiffeId.isMeant(name)) {
                    throw item.place().error("a SPIFFE id is named by spiffe-id: " + Quoted.of(name));
                }
                yield text;
            }
            case "email:" -> text;
            default ->
                throw item.place()
                        .error("an alternative name begins with \"DNS:\", \"URI:\", \"email:\" or \"IP:\": "
                                + Quoted.of(text));
        };
    }

    private static String spiffeId(Item item) {
        String id = text(item);
        if (!SpiffeId.isPattern(id)) {
            throw item.place()
                    .error(
                            "not a SPIFFE id, as \"spiffe://example.org/ns/web\", nor all below one, which ends in \"/\": "
                                    + Quoted.of(id));
        }
        return id;
    }

    private static List<String> texts(RuleSpec spec, RuleKey key, Function<Item, String> text) {
        Condition entry = spec.conditions().get(key);
        return entry == null ? List.of() : entry.items().stream().map(text).toList();
    }

    private static String text(Item item) {
        if (!(item.value() instanceof String text) || text.isEmpty()) {
            throw item.place().error("not a text: " + Quoted.of(item.value()));
        }
        return text;
    }

    private static String executable(Item item) {
        String path = text(item);
        if (!path.startsWith("/")) {
            throw item.place().error("not an absolute path: " + Quoted.of(path));
        }
        return path;
    }

    private static String grant(Item item) {
        String grant = text(item);
        if (!GRANT.matcher(grant).matches()) {
            throw item.place()
                    .error("not a name of a grant: " + Quoted.of(grant)
                            + "; it is up to 64 small letters, digits, \".\", \"_\" and \"-\"");
        }
        return grant;
    }

    private static Place place(RuleSpec spec, RuleKey key) {
        Condition entry = spec.conditions().get(key);
        return entry == null ? spec.place() : entry.place();
    }

    private static String joined(List<Item> items, Function<Item, String> text) {
        String shown = items.stream().limit(SHOWN).map(text).collect(Collectors.joining(", "));
        return items.size() > SHOWN ? shown + " and " + (items.size() - SHOWN) + " more" : shown;
    }
}
