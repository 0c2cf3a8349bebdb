// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.Objects;
import java.util.Optional;

/**
 * As whom a client is authenticated, and on what credentials that rests. A value on a channel was put there by an {@link
 * ExternalServerHandler}; there is no public way to make one. Immutable, for any thread.
 */
public final class ExternalIdentity {
    /** Of Object, because anybody can get at our key by its name. */
    private static final AttributeKey<Object> KEY =
            AttributeKey.valueOf("io.github.nettypeercred.sasl.ExternalIdentity");

    private final Channel channel;
    private final UnixPeerCredentials credentials;
    private final boolean unixFds;

    private ExternalIdentity(Channel channel, UnixPeerCredentials credentials, boolean unixFds) {
        this.channel = channel;
        this.credentials = credentials;
        this.unixFds = unixFds;
    }

    static ExternalIdentity store(Channel channel, UnixPeerCredentials credentials, boolean unixFds) {
        ExternalIdentity identity = new ExternalIdentity(channel, credentials, unixFds);
        channel.attr(KEY).set(identity);
        return identity;
    }

    /**
     * Returns who was authenticated on exactly this channel.
     *
     * @param channel the channel, on any thread
     * @return the identity, empty before {@code BEGIN}, after a failure, and if what is stored is not of this channel
     */
    public static Optional<ExternalIdentity> of(Channel channel) {
        Object stored = channel.hasAttr(KEY) ? channel.attr(KEY).get() : null;
        return stored instanceof ExternalIdentity identity && identity.channel == channel
                ? Optional.of(identity)
                : Optional.empty();
    }

    /**
     * Returns the authorization identity: the uid that the client asked for, or that of its credentials if it asked for none. Both are
     * the same number.
     *
     * @return 0 to 2^32-2
     */
    public long uid() {
        return credentials.uid();
    }

    /**
     * Returns the credentials that were compared with what the client asked for. Their {@linkplain UnixPeerCredentials#source()
     * source} says whose they are: of who connected, or of who sent the first bytes.
     *
     * @return the credentials
     */
    public UnixPeerCredentials credentials() {
        return credentials;
    }

    /**
     * Returns whether it was agreed that descriptors may be passed.
     *
     * @return whether
     */
    public boolean unixFds() {
        return unixFds;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ExternalIdentity that
                && channel == that.channel
                && credentials.equals(that.credentials)
                && unixFds == that.unixFds;
    }

    @Override
    public int hashCode() {
        return Objects.hash(channel, credentials, unixFds);
    }

    @Override
    public String toString() {
        return "EXTERNAL " + credentials + (unixFds ? " unixFds" : "");
    }
}
