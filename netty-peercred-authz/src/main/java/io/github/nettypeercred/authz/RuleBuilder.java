// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.authz.RuleSpec.Condition;
import io.github.nettypeercred.authz.RuleSpec.Item;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * One rule of a {@link PeerPolicy}, in the words of a policy file. What is said by several calls about the same thing, two users, is an
 * alternative; about different things, a user and a group, must all hold. Not for several threads at once.
 */
public final class RuleBuilder {
    private final String name;
    private final Place place;
    private final boolean allows;
    private final Map<RuleKey, List<Item>> conditions = new EnumMap<>(RuleKey.class);

    RuleBuilder(String name, boolean allows) {
        this.name = Objects.requireNonNull(name, "name");
        this.place = new Place("rule '" + name + "'", 0, 0);
        this.allows = allows;
    }

    /**
     * Names users by id.
     *
     * @param uids each 0 to 2^32-2
     * @return this
     */
    public RuleBuilder user(long... uids) {
        return add(RuleKey.USER, LongStream.of(uids).boxed());
    }

    /**
     * Names users by their names in the account database, which are looked up once, by {@link PeerPolicy.Builder#build()}.
     *
     * @param names the names
     * @return this
     */
    public RuleBuilder user(String... names) {
        return add(RuleKey.USER, Stream.of(names));
    }

    /**
     * Names all users of a range of ids.
     *
     * @param first the first, 0 to 2^32-2
     * @param last the last, not less
     * @return this
     */
    public RuleBuilder userRange(long first, long last) {
        return add(RuleKey.USER, Stream.of(new IdSet.Range(first, last)));
    }

    /**
     * Names root, user 0.
     *
     * @return this
     */
    public RuleBuilder root() {
        return add(RuleKey.USER, Stream.of(PolicyWords.ROOT));
    }

    /**
     * Names the effective user of this process, as it is at {@link PeerPolicy.Builder#build()}.
     *
     * @return this
     */
    public RuleBuilder server() {
        return add(RuleKey.USER, Stream.of(PolicyWords.SERVER));
    }

    /**
     * Names everybody whose ids are known.
     *
     * @return this
     */
    public RuleBuilder anyUser() {
        return add(RuleKey.USER, Stream.of(PolicyWords.ANY));
    }

    /**
     * Names primary groups by id. Only of a rule that allows.
     *
     * @param gids each 0 to 2^32-2
     * @return this
     */
    public RuleBuilder primaryGroup(long... gids) {
        return add(RuleKey.PRIMARY_GROUP, LongStream.of(gids).boxed());
    }

    /**
     * Names primary groups by their names in the account database. Only of a rule that allows.
     *
     * @param names the names
     * @return this
     */
    public RuleBuilder primaryGroup(String... names) {
        return add(RuleKey.PRIMARY_GROUP, Stream.of(names));
    }

    /**
     * Names groups by id, of which the peer has one, as its primary group or a supplementary one. Only of a rule that allows.
     *
     * @param gids each 0 to 2^32-2
     * @return this
     */
    public RuleBuilder group(long... gids) {
        return add(RuleKey.GROUP, LongStream.of(gids).boxed());
    }

    /**
     * Names groups by their names in the account database. Only of a rule that allows.
     *
     * @param names the names
     * @return this
     */
    public RuleBuilder group(String... names) {
        return add(RuleKey.GROUP, Stream.of(names));
    }

    /**
     * Names security labels.
     *
     * @param labels the whole labels
     * @return this
     */
    public RuleBuilder label(String... labels) {
        return add(RuleKey.LABEL, Stream.of(labels));
    }

    /**
     * Names the moments of which the credentials may speak: those of who sent where they are known, else those of who connected.
     *
     * @param moments the moments
     * @return this
     */
    public RuleBuilder moment(Moment... moments) {
        return add(RuleKey.MOMENT, Stream.of(moments).map(PolicyWords::of));
    }

    /**
     * Names the mechanisms from which the credentials may come.
     *
     * @param mechanisms the mechanisms
     * @return this
     */
    public RuleBuilder mechanism(Mechanism... mechanisms) {
        return add(RuleKey.MECHANISM, Stream.of(mechanisms).map(Mechanism::name));
    }

    /**
     * Names the kinds of peers that the rule is about: unless called, visible ones alone in a rule that allows, those with ids in one
     * that denies.
     *
     * @param kinds the kinds
     * @return this
     */
    public RuleBuilder peer(PeerKind... kinds) {
        return add(RuleKey.PEER, Stream.of(kinds).map(PeerKind::word));
    }

    /**
     * Names executables, or folders of them that end in "/". Only of a rule that denies.
     *
     * @param paths absolute paths
     * @return this
     */
    public RuleBuilder executable(String... paths) {
        return add(RuleKey.EXECUTABLE, Stream.of(paths));
    }

    /**
     * Names texts of which one is found in the command line, its words joined by spaces. Only of a rule that denies.
     *
     * @param texts the texts
     * @return this
     */
    public RuleBuilder commandLine(String... texts) {
        return add(RuleKey.COMMAND_LINE, Stream.of(texts));
    }

    /**
     * Names systemd units. Only of a rule that denies.
     *
     * @param units the units' whole names
     * @return this
     */
    public RuleBuilder unit(String... units) {
        return add(RuleKey.UNIT, Stream.of(units));
    }

    /**
     * Names the subjects of certificates, each as a distinguished name in the form of RFC 2253.
     *
     * @param names the whole names, such as {@code CN=alice,O=Example}
     * @return this
     */
    public RuleBuilder certificateSubject(String... names) {
        return add(RuleKey.CERTIFICATE_SUBJECT, Stream.of(names));
    }

    /**
     * Names everybody who has a verified certificate.
     *
     * @return this
     */
    public RuleBuilder anyCertificate() {
        return add(RuleKey.CERTIFICATE_SUBJECT, Stream.of(PolicyWords.ANY));
    }

    /**
     * Names those who may have signed the certificate itself, each as a distinguished name in the form of RFC 2253. It does not hold apart the authorities
     * that are trusted: each of them may make one of any name. For that give each a listener of its own.
     *
     * @param names the whole names
     * @return this
     */
    public RuleBuilder certificateIssuer(String... names) {
        return add(RuleKey.CERTIFICATE_ISSUER, Stream.of(names));
    }

    /**
     * Names alternative names of subjects, of which the certificate has one.
     *
     * @param names whole names, behind {@code DNS:}, {@code URI:}, {@code email:} or {@code IP:}
     * @return this
     */
    public RuleBuilder certificateSan(String... names) {
        return add(RuleKey.CERTIFICATE_SAN, Stream.of(names));
    }

    /**
     * Names SPIFFE ids, or all below one, which ends in a slash.
     *
     * @param ids ids that begin with {@code spiffe://}
     * @return this
     */
    public RuleBuilder spiffeId(String... ids) {
        return add(RuleKey.SPIFFE_ID, Stream.of(ids));
    }

    /**
     * Lets in who sends a first read, or a read, also if another user connected, or if who connected is not known. Only of a rule that
     * allows.
     *
     * @return this
     */
    public RuleBuilder senderMayDiffer() {
        conditions.put(RuleKey.SENDER_MAY_DIFFER, List.of(new Item(true, place)));
        return this;
    }

    /**
     * Has it decided again about a connection that was let in, after so long and again each time, on the groups that the account
     * database still lists for the user: of the attested groups those that it does not list no longer count, and none is added. Only of a rule that
     * allows; {@link PeerAuthorization} does it.
     *
     * @param seconds 1 to 2^31-1
     * @return this
     */
    public RuleBuilder maxAge(long seconds) {
        conditions.put(RuleKey.MAX_AGE, List.of(new Item(seconds, place)));
        return this;
    }

    /**
     * Gives permissions. Only of a rule that allows.
     *
     * @param grants names of small letters, digits, ".", "_" and "-", at most 64 characters
     * @return this
     */
    public RuleBuilder grants(String... grants) {
        return add(RuleKey.GRANTS, Stream.of(grants));
    }

    private RuleBuilder add(RuleKey key, Stream<?> values) {
        List<Item> items = conditions.computeIfAbsent(key, unused -> new ArrayList<>());
        values.forEach(value -> items.add(new Item(Objects.requireNonNull(value, key.word()), place)));
        return this;
    }

    RuleSpec spec() {
        Map<RuleKey, Condition> entries = new EnumMap<>(RuleKey.class);
        conditions.forEach((key, items) -> entries.put(key, new Condition(place, items)));
        return new RuleSpec(name, place, allows, place, entries);
    }

    @Override
    public String toString() {
        return (allows ? "allow" : "deny") + " '" + name + "' "
                + conditions.keySet().toString().toLowerCase(Locale.ROOT);
    }
}
