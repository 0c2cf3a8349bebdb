// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.spi.AccountDatabase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who may do what: rules of which the first that matches decides. What no rule matches is denied, and so is what hangs on something
 * that is not known.
 *
 * <p>A policy is a file, by {@link #load(Path)}, or made by {@link #builder()}, with the same meaning. It is immutable and may be used from any
 * thread; a decision neither blocks nor allocates where a peer is allowed.
 *
 * <pre>{@code
 * PeerPolicy policy = PeerPolicy.builder()
 *         .allow("operators", rule -> rule.group("adm").grants("read-all"))
 *         .allow("everybody", rule -> rule.anyUser().grants("submit"))
 *         .build();
 * }</pre>
 */
public final class PeerPolicy {
    static final PeerDecision NO_RULE = new Deny(Reason.NO_RULE, Optional.empty(), Optional.empty());

    private final List<CompiledRule> rules;
    private final RuleIndex index;
    private final boolean needsSender;
    private final Map<String, Duration> ages;

    private PeerPolicy(List<CompiledRule> rules, Map<String, Duration> ages) {
        this.ages = Map.copyOf(ages);
        this.rules = rules;
        this.index = RuleIndex.of(rules);
        this.needsSender = rules.stream().anyMatch(PeerPolicy::needsSender);
    }

    private static boolean needsSender(CompiledRule rule) {
        return rule.senderMayDiffer
                || (rule.moments != CompiledRule.ALL
                        && (rule.moments & (PolicyWords.bit(Moment.FIRST_READ) | PolicyWords.bit(Moment.EVERY_READ)))
                                != 0);
    }

    /**
     * Reads a policy from a file that nobody can have changed but root and this process's effective user, as {@link
     * io.github.nettypeercred.spi.TrustedFile} says, and resolves the names in it. It blocks.
     *
     * @param file an absolute path
     * @return the policy
     * @throws PolicyException if there is anything wrong with the file, where and what in one line
     * @throws IllegalStateException on an event loop
     */
    public static PeerPolicy load(Path file) {
        EventLoops.ensureMayBlock("PeerPolicy.load");
        return of(PolicyFile.read(file), accounts(), new Place(file.toString(), 1, 1));
    }

    /**
     * Makes a policy of the text of a policy file that came from elsewhere: whoever wrote it decides who is let in. It resolves names, and so
     * blocks.
     *
     * @param toml the text
     * @param name what messages call it
     * @return the policy
     * @throws PolicyException if there is anything wrong with it, where and what in one line
     * @throws IllegalStateException on an event loop
     */
    public static PeerPolicy parse(String toml, String name) {
        EventLoops.ensureMayBlock("PeerPolicy.parse");
        return parse(toml, name, accounts());
    }

    static PeerPolicy parse(String toml, String name, @Nullable AccountDatabase accounts) {
        return of(PolicyFile.parse(toml, name), accounts, new Place(name, 1, 1));
    }

    /**
     * Begins a policy made by Java.
     *
     * @return a builder without rules
     */
    public static Builder builder() {
        return new Builder();
    }

    private static PeerPolicy of(List<RuleSpec> specs, @Nullable AccountDatabase accounts, Place place) {
        if (specs.isEmpty()) {
            throw place.error("there are no rules: everybody would be denied");
        }
        List<CompiledRule> rules = new RuleCompiler(accounts).compile(specs);
        Shadows.check(rules);
        Map<String, Duration> ages = new HashMap<>();
        for (RuleSpec spec : specs) {
            RuleSpec.Condition age = spec.conditions().get(RuleKey.MAX_AGE);
            if (age != null) {
                ages.put(spec.name(), Duration.ofSeconds((Long)
                        age.items().get(0).value()));
            }
        }
        return new PeerPolicy(List.copyOf(rules), ages);
    }

    private static @Nullable AccountDatabase accounts() {
        return ServiceLoader.load(AccountDatabase.class, PeerPolicy.class.getClassLoader())
                .findFirst()
                .orElse(null);
    }

    /**
     * Decides on what one capture gave: of who connected, or of who sent, as its source says.
     *
     * @param peer the result of the capture
     * @return the decision
     */
    public PeerDecision decide(PeerCredentialsResult peer) {
        return peer instanceof UnixPeerCredentials known && PeerEvidence.isOfMessage(known)
                ? decide(null, peer, null, null)
                : decide(Objects.requireNonNull(peer, "peer"), null, null, null);
    }

    /**
     * Decides on all that is known of a peer.
     *
     * @param evidence what is known
     * @return the decision
     */
    public PeerDecision decide(PeerEvidence evidence) {
        Reason reason = evidence.certificateDenial();
        return reason != null
                ? new Deny(reason, Optional.empty(), Optional.empty())
                : decide(evidence.connection(), evidence.message(), evidence.process(), evidence.verified());
    }

    private PeerDecision decide(
            @Nullable PeerCredentialsResult connection,
            @Nullable PeerCredentialsResult message,
            @Nullable ProcessEvidence process,
            @Nullable PeerCertificate certificate) {
        int answer = index.find(connection, message, process, certificate);
        if (answer != RuleIndex.NONE) {
            return index.decision(answer);
        }
        PeerCredentialsResult subject = message == null ? connection : message;
        return subject instanceof Absence absence
                ? new Deny(Reason.ABSENT, Optional.empty(), Optional.of(absence))
                : NO_RULE;
    }

    /**
     * Explains a decision, rule by rule. For people: it takes its time and allocates.
     *
     * @param evidence what is known of the peer
     * @return the decision that {@link #decide(PeerEvidence)} comes to, and why
     */
    public PeerExplanation explain(PeerEvidence evidence) {
        return Explainer.explain(rules, decide(evidence), evidence);
    }

    /**
     * Returns whether a rule wants supplementary groups: captures have to ask for them, by {@code groups()} of the handlers' builders.
     *
     * @return whether any does
     */
    public boolean needsGroups() {
        return rules.stream().anyMatch(rule -> rule.groups != null);
    }

    /**
     * Returns whether a rule wants a label: captures have to ask for it, by {@code label()} of the handlers' builders.
     *
     * @return whether any does
     */
    public boolean needsLabel() {
        return rules.stream().anyMatch(rule -> rule.labels != null);
    }

    /**
     * Returns whether a rule denies by what the process is: captures have to ask for the process, by {@code process()} of the handlers'
     * builders, and where a decision comes to {@link Reason#PROCESS_UNKNOWN} it has to be asked again with {@link ProcessEvidence}.
     *
     * @return whether any does
     */
    public boolean needsProcess() {
        return rules.stream().anyMatch(rule -> rule.process != null);
    }

    /**
     * Returns whether a rule is about certificates: the channels that it is meant for need TLS that asks for one, and a {@link
     * CertificateCaptureHandler}.
     *
     * @return whether any is
     */
    public boolean needsCertificate() {
        return rules.stream().anyMatch(rule -> rule.certificate != null);
    }

    /**
     * Returns whether a rule wants to know who sent, by naming a moment of messages or by {@code sender-may-differ}: then a {@link PeerAuthorizationHandler} decides when the
     * first read is there, if that is captured.
     *
     * @return whether any does
     */
    public boolean needsSender() {
        return needsSender;
    }

    /**
     * Checks that every rule can be held against what is known when a connection is accepted: one that cannot be would be passed over, also if it denies.
     *
     * @throws PolicyException at the first that cannot
     */
    void ensureDecidesAtAccept() {
        for (CompiledRule rule : rules) {
            String wanted = rule.process != null
                    ? "what the peer's process is"
                    : rule.certificate != null ? "a certificate" : needsSender(rule) ? "who sends" : null;
            if (wanted != null) {
                throw rule.place.error("rule " + Quoted.of(rule.name) + " wants to know " + wanted
                        + ", which is not known when a connection is accepted");
            }
        }
    }

    List<CompiledRule> compiled() {
        return rules;
    }

    /** Whether a rule has an age, past which it is decided again. */
    boolean hasMaxAge() {
        return !ages.isEmpty();
    }

    /** After how long it is to be decided again about a peer that was let in; null for never. */
    @Nullable
    Duration maxAge(PeerDecision decision) {
        return !ages.isEmpty() && decision instanceof PeerDecision.Allow allow ? ages.get(allow.rule()) : null;
    }

    /**
     * Returns the rules as they were compiled, in order.
     *
     * @return the rules
     */
    public List<PeerRule> rules() {
        return rules.stream()
                .map(rule -> new PeerRule(
                        rule.name, rule.allows, List.copyOf(rule.words.values()), rule.senderMayDiffer, rule.grants))
                .toList();
    }

    @Override
    public String toString() {
        return "PeerPolicy of " + rules.size() + " rules";
    }

    /** Collects the rules of a policy. Not for several threads at once. */
    public static final class Builder {
        private final List<RuleSpec> specs = new ArrayList<>();

        private Builder() {}

        /**
         * Adds a rule that lets peers in, behind those before.
         *
         * @param name its name, of up to 64 letters, digits, spaces, ".", "_" and "-"
         * @param rule says whom, and what they may do
         * @return this
         */
        public Builder allow(String name, Consumer<RuleBuilder> rule) {
            return add(new RuleBuilder(name, true), rule);
        }

        /**
         * Adds a rule that refuses peers, behind those before. One that refuses a user holds only in front of rules that leave out the
         * user's subordinate uids: newuidmap(1), subuid(5).
         *
         * @param name its name, of up to 64 letters, digits, spaces, ".", "_" and "-"
         * @param rule says whom
         * @return this
         */
        public Builder deny(String name, Consumer<RuleBuilder> rule) {
            return add(new RuleBuilder(name, false), rule);
        }

        private Builder add(RuleBuilder builder, Consumer<RuleBuilder> rule) {
            rule.accept(builder);
            specs.add(builder.spec());
            return this;
        }

        /**
         * Checks the rules and resolves the names in them. With names it blocks, so not on an event loop.
         *
         * @return the policy
         * @throws PolicyException if there is anything wrong, with the rule and what
         * @throws IllegalStateException on an event loop
         */
        public PeerPolicy build() {
            EventLoops.ensureMayBlock("PeerPolicy.Builder.build");
            return build(accounts());
        }

        PeerPolicy build(@Nullable AccountDatabase accounts) {
            return of(specs, accounts, new Place("policy", 0, 0));
        }
    }
}
