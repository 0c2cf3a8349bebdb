// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Decisions as lines of a log: printable ASCII, one line each, {@code key=value}. A value that may hold anything is in quotes, with quotes and
 * backslashes in it escaped.
 */
final class DecisionLine {
    private static final int LONGEST_ACTION = 200;

    private DecisionLine() {}

    static String denial(
            String what,
            @Nullable Channel channel,
            PeerEvidence evidence,
            PeerAccess access,
            @Nullable PeerPolicy policy) {
        StringBuilder line = begin(access.isEnforced() ? "denied" : "not enforced: denied", what, channel, evidence);
        Deny deny = (Deny) access.decision();
        line.append(" reason=").append(deny.reason());
        deny.rule().ifPresent(rule -> line.append(" rule=").append(quoted(rule)));
        line.append(" generation=").append(access.generation());
        if (channel != null) {
            line.append(" channel=").append(channel.id().asShortText());
        }
        return line.append(" why=")
                .append(quoted(why(policy, evidence, access)))
                .toString();
    }

    static String refusal(Channel channel, PeerEvidence evidence, PeerAccess access, String grant, String action) {
        StringBuilder line =
                begin("denied", "grant", channel, evidence).append(" grant=").append(quoted(grant));
        access.rule().ifPresent(rule -> line.append(" rule=").append(quoted(rule)));
        return line.append(" generation=")
                .append(access.generation())
                .append(" channel=")
                .append(channel.id().asShortText())
                .append(" action=")
                .append(quoted(action.substring(0, Math.min(action.length(), LONGEST_ACTION))))
                .toString();
    }

    private static StringBuilder begin(String outcome, String what, @Nullable Channel channel, PeerEvidence evidence) {
        StringBuilder line = new StringBuilder(outcome).append(" what=").append(what);
        if (evidence.subject() instanceof UnixPeerCredentials peer) {
            line.append(" uid=").append(peer.uid()).append(" gid=").append(peer.gid());
            peer.pid().ifPresent(pid -> line.append(" pid=").append(pid));
            line.append(" moment=").append(peer.source().moment());
        }
        if (evidence.verified() != null) {
            line.append(" certificate=").append(quoted(evidence.verified().toString()));
        }
        if (channel != null && channel.remoteAddress() instanceof InetSocketAddress address) {
            line.append(" remote=").append(quoted(NetUtil.toSocketAddressString(address)));
        }
        return line;
    }

    static String difference(PeerEvidence evidence, PeerDecision inForce, PeerDecision candidate) {
        return "candidate differs: peer=" + quoted(peer(evidence)) + " in-force=" + quoted(inForce.toString())
                + " candidate=" + quoted(candidate.toString());
    }

    private static String peer(PeerEvidence evidence) {
        return evidence.subject() == null
                ? String.valueOf(evidence.certificate())
                : evidence.subject() + (evidence.verified() == null ? "" : " " + evidence.verified());
    }

    private static String why(@Nullable PeerPolicy policy, PeerEvidence evidence, PeerAccess access) {
        if (policy != null) {
            PeerExplanation explanation = policy.explain(evidence);
            if (explanation.decision().equals(access.decision())) {
                return explanation.text();
            }
        }
        return access.decision().toString(); // decided on more than this, or by a policy before
    }

    private static String quoted(String text) {
        return '"' + Quoted.plain(text.replace("\\", "\\\\").replace("\"", "\\\"")) + '"';
    }
}
