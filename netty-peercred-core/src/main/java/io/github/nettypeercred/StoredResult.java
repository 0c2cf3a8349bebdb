// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * A result as it stands on a channel, bound to that channel: anybody can get at our attribute key by its name, so a value
 * that somebody copied to another channel, or an object of theirs, must not count.
 */
record StoredResult(Channel channel, PeerCredentialsResult result) {
    /** Of Object, because what is stored may be anybody's, also that of a second copy of this library. */
    private static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.UnixPeerCredentials");

    private static final Absence NOT_CAPTURED = new Absence(
            AbsenceReason.NOT_CAPTURED,
            "no capture has run on this channel: add a PeerCredentialsHandler to its pipeline before the handler that asks");
    private static final Absence FOREIGN_CHANNEL = new Absence(
            AbsenceReason.FOREIGN_CHANNEL,
            "the attribute's value was not captured on this channel, so it says nothing");

    /** The result of the channel or of its nearest parent that has one, short of the server channel. */
    static PeerCredentialsResult find(Channel channel) {
        for (Channel at = channel; at != null && !(at instanceof ServerChannel); at = at.parent()) {
            PeerCredentialsResult result = own(at);
            if (result != null) {
                return result;
            }
        }
        return NOT_CAPTURED;
    }

    /** The result stored on exactly this channel, null if there is none. */
    static @Nullable PeerCredentialsResult own(Channel channel) {
        if (!channel.hasAttr(KEY)) {
            return null;
        }
        return own(channel, channel.attr(KEY));
    }

    /** The same for a caller who has the channel's attribute. */
    static @Nullable PeerCredentialsResult own(Channel channel, Attribute<Object> attribute) {
        Object value = attribute.get();
        if (value == null) {
            return null;
        }
        return value instanceof StoredResult stored && stored.channel == channel ? stored.result : FOREIGN_CHANNEL;
    }

    static void store(Channel channel, PeerCredentialsResult result) {
        attribute(channel).set(new StoredResult(channel, result));
    }

    /** The attribute that holds the channel's result: made here, if it has none yet. */
    static Attribute<Object> attribute(Channel channel) {
        return channel.attr(KEY);
    }
}
