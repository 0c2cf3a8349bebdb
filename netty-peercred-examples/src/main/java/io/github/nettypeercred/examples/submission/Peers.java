// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.github.nettypeercred.authz.names.Names;
import io.github.nettypeercred.authz.names.UserAccount;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;

/** Who the clients are, and what each may do. What looks a name up blocks: not for event loops. */
class Peers {
    private final PeerAuthorization authorization;
    private final PeerLimits limits;
    private final Names names;

    Peers(PeerAuthorization authorization, PeerLimits limits, Names names) {
        this.authorization = authorization;
        this.limits = limits;
        this.names = names;
    }

    void addHandlers(ChannelPipeline pipeline) {
        pipeline.addLast(PeerCredentialsHandler.builder().groups().build());
        pipeline.addLast(limits.byteHandler());
        pipeline.addLast(PeerAuthorizationHandler.builder(authorization)
                .farewell(why -> Unpooled.copiedBuffer("554 5.7.1 you may not submit\r\n", US_ASCII))
                .build());
    }

    /** Whether the peer's user may submit one more by now. */
    boolean mayGoOn(Channel peer) {
        return limits.charge(UnixPeerCredentials.of(peer).orElseThrow(), 1, 0);
    }

    /** Whether a grant allows something. If not, that is told. */
    boolean may(Channel peer, String grant, String action) {
        return authorization.permits(peer, grant, action);
    }

    /** Whether the peer may submit in a user's name: its own, or by a grant any. */
    boolean mayActAs(Channel peer, String name, String action) {
        return (owns(peer, name) || may(peer, "as-anyone", action)) && may(peer, "submit", action);
    }

    /** Whether that is a name of the peer's uid: one of several that it may have, or uid-N if it has none. */
    boolean owns(Channel peer, String name) {
        if (name.isEmpty()) {
            return false;
        }
        Answer<UserAccount> user =
                names.user(name, peer.eventLoop()).syncUninterruptibly().getNow();
        return isNobody(user) ? name.equals(nameOf(peer)) : user.orElseThrow().uid() == uidOf(peer);
    }

    String nameOf(Channel peer) {
        long uid = uidOf(peer);
        Answer<UserAccount> user =
                names.user(uid, peer.eventLoop()).syncUninterruptibly().getNow();
        return isNobody(user) ? "uid-" + uid : user.orElseThrow().name();
    }

    long uidOf(Channel peer) {
        return UnixPeerCredentials.of(peer).orElseThrow().uid();
    }

    private static boolean isNobody(Answer<?> user) {
        return user.absence()
                .filter(why -> why.reason() == AbsenceReason.NO_SUCH_ACCOUNT)
                .isPresent();
    }
}
