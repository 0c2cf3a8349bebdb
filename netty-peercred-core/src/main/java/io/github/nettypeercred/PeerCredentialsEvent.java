// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import java.util.Objects;

/**
 * The user event by which a {@link PeerCredentialsHandler} announces, exactly once for each capture, what that came to. It
 * travels ahead of every message, and that of the connection's set-up ahead of {@code channelActive}.
 *
 * <p>With {@link PeerCredentialsHandler.Builder#connectAndFirstRead()} there are two, told apart by the {@linkplain
 * UnixPeerCredentials#source() source}: do not act on the first as if it were the second.
 */
public sealed interface PeerCredentialsEvent {
    /**
     * Returns what the capture came to: the same object that {@link UnixPeerCredentials#of(io.netty.channel.Channel,
     * CredentialSource.Moment)} gives from now on, unless a later handler asks for more.
     *
     * @return credentials or absence
     */
    PeerCredentialsResult result();

    /**
     * The peer is known.
     *
     * @param result who it is
     */
    record Captured(UnixPeerCredentials result) implements PeerCredentialsEvent {
        /** Checks that nothing is null. */
        public Captured {
            Objects.requireNonNull(result, "result");
        }
    }

    /**
     * The peer is not known, and is let through because the handler was built with {@link
     * PeerCredentialsHandler.Builder#admitAbsent()}.
     *
     * @param result why it is not known
     */
    record Admitted(Absence result) implements PeerCredentialsEvent {
        /** Checks that nothing is null. */
        public Admitted {
            Objects.requireNonNull(result, "result");
        }
    }

    /**
     * The peer is not known, so the channel closes as soon as this event has been handled. Nothing the peer sent gets
     * through any more.
     *
     * @param result why it is not known
     */
    record Refused(Absence result) implements PeerCredentialsEvent {
        /** Checks that nothing is null. */
        public Refused {
            Objects.requireNonNull(result, "result");
        }
    }
}
