// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.CredentialSource;
import io.github.nettypeercred.CredentialSource.Ids;
import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.SupplementaryGroups;
import io.github.nettypeercred.UnixPeerCredentials;
import java.lang.reflect.Constructor;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Credentials of any kind, which nothing but a capture makes outside of tests. */
record MadePeer(long uid, long gid, int pid, Moment moment, Answer<SupplementaryGroups> groups, Answer<String> label) {
    private static final Absence NOT_REQUESTED = new Absence(AbsenceReason.NOT_REQUESTED, "not requested");
    private static final Constructor<UnixPeerCredentials> CONSTRUCTOR = constructor();

    @SuppressWarnings("unchecked")
    private static Constructor<UnixPeerCredentials> constructor() {
        Constructor<?> only = UnixPeerCredentials.class.getDeclaredConstructors()[0];
        only.setAccessible(true);
        return (Constructor<UnixPeerCredentials>) only;
    }

    /** Who connected, with a pid. */
    static MadePeer of(long uid, long gid) {
        return new MadePeer(
                uid, gid, 4711, Moment.CONNECT, Answer.unknown(NOT_REQUESTED), Answer.unknown(NOT_REQUESTED));
    }

    MadePeer at(Moment newMoment) {
        return new MadePeer(uid, gid, pid, newMoment, groups, label);
    }

    MadePeer notVisible() {
        return new MadePeer(uid, gid, 0, moment, groups, label);
    }

    MadePeer groups(long... gids) {
        int[] ids = LongStream.of(gids).mapToInt(gid -> (int) gid).toArray();
        return new MadePeer(uid, gid, pid, moment, Answer.known(SupplementaryGroups.of(ids, 0)), label);
    }

    /** Its groups are known, and there are none. */
    MadePeer noGroups() {
        return groups(new long[0]);
    }

    MadePeer label(@Nullable String newLabel) {
        return new MadePeer(
                uid,
                gid,
                pid,
                moment,
                groups,
                newLabel == null ? Answer.unknown(NOT_REQUESTED) : Answer.known(newLabel));
    }

    UnixPeerCredentials make() {
        boolean message = PolicyWords.isOfMessage(moment);
        CredentialSource source = new CredentialSource(
                message ? Mechanism.SCM_CREDENTIALS : Mechanism.SO_PEERCRED,
                moment,
                message ? Ids.SENDER_CHOSEN : Ids.EFFECTIVE);
        try {
            return CONSTRUCTOR.newInstance(
                    (int) uid, (int) gid, pid, source, groups, label, Answer.unknown(NOT_REQUESTED));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the constructor is not as this test knows it", e);
        }
    }
}
