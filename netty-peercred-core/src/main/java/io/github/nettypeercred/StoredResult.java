// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.CredentialSource.Moment;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * The results as they stand on a channel, bound to that channel: anybody can get at our attribute key by its name, so a value
 * that somebody copied to another channel, or an object of theirs, must not count.
 *
 * @param setup what was captured of the connection's set-up, null if nothing was
 * @param read what was captured of the first read or, where one sender is to send them all, of every read; null if nothing was
 */
record StoredResult(Channel channel, @Nullable PeerCredentialsResult setup, @Nullable PeerCredentialsResult read) {
    /** Of Object, because what is stored may be anybody's, also that of a second copy of this library. */
    private static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.UnixPeerCredentials");

    private static final Absence NOT_CAPTURED = new Absence(
            AbsenceReason.NOT_CAPTURED,
            "no capture has run on this channel: add a PeerCredentialsHandler to its pipeline before the handler that asks");

    /** Stored where no sender is that of the channel. */
    static final Absence SENDERS_CHANGE = new Absence(
            AbsenceReason.NOT_CAPTURED,
            "the senders of this channel may change: ask each AttestedBytes or AttestedMessage for its credentials()");

    private static final Absence FOREIGN_CHANNEL = new Absence(
            AbsenceReason.FOREIGN_CHANNEL,
            "the attribute's value was not captured on this channel, so it says nothing");

    /**
     * The result of the channel or of its nearest parent that has any, short of the server channel: that of the moment, or, if
     * this is null, of the connection's set-up before that of what is read.
     */
    static PeerCredentialsResult find(Channel channel, @Nullable Moment moment) {
        for (Channel at = channel; at != null && !(at instanceof ServerChannel); at = at.parent()) {
            Object value = at.hasAttr(KEY) ? at.attr(KEY).get() : null;
            if (value != null) {
                StoredResult stored = bound(at, value);
                PeerCredentialsResult result = stored == null ? FOREIGN_CHANNEL : stored.result(moment);
                return result == null ? NOT_CAPTURED : result;
            }
        }
        return NOT_CAPTURED;
    }

    private @Nullable PeerCredentialsResult result(@Nullable Moment moment) {
        if (moment == null) {
            return setup == null ? read : setup;
        }
        PeerCredentialsResult result =
                switch (moment) {
                    case FIRST_READ, EVERY_READ, DATAGRAM -> read;
                    case CONNECT, LISTEN, SETUP -> setup;
                };
        return result instanceof UnixPeerCredentials present && present.source().moment() != moment ? null : result;
    }

    /** What is stored on exactly this channel, null if nothing is or somebody else's. */
    static @Nullable StoredResult bound(Channel channel, Attribute<Object> attribute) {
        return bound(channel, attribute.get());
    }

    private static @Nullable StoredResult bound(Channel channel, @Nullable Object value) {
        return value instanceof StoredResult stored && stored.channel == channel ? stored : null;
    }

    /** Stores the result of what is read beside that of the set-up, if there is one. */
    static void storeRead(Channel channel, PeerCredentialsResult read) {
        Attribute<Object> attribute = attribute(channel);
        StoredResult before = bound(channel, attribute);
        attribute.set(new StoredResult(channel, before == null ? null : before.setup, read));
    }

    /** The result of the connection's set-up that is stored on exactly this channel, null if there is none. */
    static @Nullable PeerCredentialsResult setupOf(Channel channel) {
        StoredResult stored = bound(channel, attribute(channel));
        return stored == null ? null : stored.setup;
    }

    /** Stores the result of the set-up beside that of what is read, if there is one. */
    static void store(Channel channel, PeerCredentialsResult setup) {
        Attribute<Object> attribute = attribute(channel);
        StoredResult before = bound(channel, attribute);
        attribute.set(new StoredResult(channel, setup, before == null ? null : before.read));
    }

    /** The attribute that holds the channel's results: made here, if it has none yet. */
    static Attribute<Object> attribute(Channel channel) {
        return channel.attr(KEY);
    }
}
