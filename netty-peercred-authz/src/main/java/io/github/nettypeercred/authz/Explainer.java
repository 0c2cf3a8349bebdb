// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.PeerExplanation.Passed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Puts a decision into words. */
final class Explainer {
    private static final int SHOWN = 16;

    private Explainer() {}

    static PeerExplanation explain(List<CompiledRule> rules, PeerDecision decision, PeerEvidence evidence) {
        PeerCredentialsResult subject = evidence.message() == null ? evidence.connection() : evidence.message();
        Optional<String> decisive =
                decision instanceof PeerDecision.Allow allow ? Optional.of(allow.rule()) : ((Deny) decision).rule();
        List<Passed> passed = new ArrayList<>();
        for (CompiledRule rule : rules) {
            if (decisive.equals(Optional.of(rule.name))) {
                break;
            }
            passed.add(new Passed(rule.name, why(rule, subject, evidence)));
        }
        return new PeerExplanation(decision, text(rules, decision, evidence, passed), passed);
    }

    private static String text(
            List<CompiledRule> rules, PeerDecision decision, PeerEvidence evidence, List<Passed> passed) {
        String text = Quoted.plain(decision.toString());
        if (decision instanceof Deny deny && deny.reason().isOfCertificate()) {
            return text + certificate(evidence.certificate());
        }
        if (!(decision instanceof Deny deny) || deny.reason() != Reason.NO_RULE) {
            return text;
        }
        Set<String> allowing = rules.stream()
                .filter(rule -> rule.allows && (evidence.subject() != null || rule.isRemoteToo()))
                .map(rule -> rule.name)
                .collect(Collectors.toSet());
        return passed.stream()
                .filter(each -> allowing.contains(each.rule()))
                .min(Comparator.comparingInt(each -> each.why().size()))
                .map(nearest ->
                        text + "; nearest: rule '" + nearest.rule() + "' " + String.join(", and ", nearest.why()))
                .orElse(text);
    }

    private static List<String> why(CompiledRule rule, @Nullable PeerCredentialsResult subject, PeerEvidence evidence) {
        List<String> why = new ArrayList<>();
        if (!rule.holdsFor(evidence.verified())) {
            why.add("wants "
                    + words(
                            rule,
                            RuleKey.CERTIFICATE_SUBJECT,
                            RuleKey.CERTIFICATE_ISSUER,
                            RuleKey.CERTIFICATE_SAN,
                            RuleKey.SPIFFE_ID)
                    + ", peer has " + (evidence.verified() == null ? "no certificate" : evidence.verified()));
        }
        if (subject == null && !rule.isRemoteToo()) {
            why.add("is not about remote peers");
        }
        if (!(subject instanceof UnixPeerCredentials peer)) {
            return why.isEmpty() ? List.of("is not about peers without credentials") : why;
        }
        if ((rule.kinds & CompiledRule.kind(peer).bit()) == 0) {
            String wanted = java.util.Arrays.stream(PeerKind.values())
                    .filter(kind -> (rule.kinds & kind.bit()) != 0)
                    .map(PeerKind::word)
                    .collect(Collectors.joining(", "));
            why.add("wants peer " + wanted + ", peer is "
                    + CompiledRule.kind(peer).word());
        }
        if (rule.users != null && !rule.users.contains(peer.uid())) {
            why.add("wants " + rule.words.get(RuleKey.USER) + ", peer is " + peer.uid());
        }
        if (rule.primaryGroups != null && !rule.primaryGroups.contains(peer.gid())) {
            why.add("wants " + rule.words.get(RuleKey.PRIMARY_GROUP) + ", peer has " + peer.gid());
        }
        if (rule.groups != null) {
            SupplementaryGroups groups = Subject.groups(peer, evidence.connection());
            int holds = CompiledRule.testGroups(rule.groups, peer, groups);
            if (holds == CompiledRule.NO && groups != null) {
                why.add("wants " + rule.words.get(RuleKey.GROUP) + ", peer has " + groups(peer, groups));
            }
        }
        if (rule.labels != null
                && peer.label() instanceof Answer.Known<String> label
                && !rule.labels.contains(label.known())) {
            why.add("wants " + rule.words.get(RuleKey.LABEL) + ", peer has " + Quoted.of(label.known()));
        }
        if ((rule.moments & PolicyWords.bit(peer.source().moment())) == 0) {
            why.add("wants " + rule.words.get(RuleKey.MOMENT) + ", evidence is of "
                    + PolicyWords.of(peer.source().moment()));
        }
        if ((rule.mechanisms & PolicyWords.bit(peer.source().mechanism())) == 0) {
            why.add("wants " + rule.words.get(RuleKey.MECHANISM) + ", evidence is of "
                    + peer.source().mechanism());
        }
        if (rule.process != null && rule.process.test(evidence.process()) == CompiledRule.NO) {
            why.add("wants " + words(rule, RuleKey.EXECUTABLE, RuleKey.COMMAND_LINE, RuleKey.UNIT)
                    + ", the process is another");
        }
        if (rule.allows
                && !rule.senderMayDiffer
                && Subject.agreement(peer, evidence.connection()) == CompiledRule.NO
                && evidence.connection() instanceof UnixPeerCredentials connected) {
            why.add("wants the sender to be who connected, user " + connected.uid() + " connected and " + peer.uid()
                    + " sent");
        }
        return why;
    }

    private static String certificate(@Nullable PeerCertificateResult result) {
        if (result instanceof PeerCertificate certificate) {
            return " (" + certificate.expired().message() + ")";
        }
        return result instanceof CertificateAbsence absence ? " (" + Quoted.plain(absence.message()) + ")" : "";
    }

    private static String words(CompiledRule rule, RuleKey... keys) {
        return java.util.Arrays.stream(keys)
                .filter(rule.words::containsKey)
                .map(rule.words::get)
                .collect(Collectors.joining(", "));
    }

    /** All groups of a peer, in ascending order. */
    private static String groups(UnixPeerCredentials peer, SupplementaryGroups groups) {
        long[] all = LongStream.concat(LongStream.of(peer.gid()), groups.stream())
                .sorted()
                .distinct()
                .toArray();
        String shown = LongStream.of(all).limit(SHOWN).mapToObj(Long::toString).collect(Collectors.joining(", "));
        return all.length > SHOWN ? shown + " and " + (all.length - SHOWN) + " more" : shown;
    }
}
