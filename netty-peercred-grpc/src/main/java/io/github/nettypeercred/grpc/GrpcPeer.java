// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.ServerCall;
import io.netty.channel.Channel;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who calls: the peer of the connection that a call came on. One object a connection; may be used from any thread.
 *
 * <p>An interceptor asks {@link #of(ServerCall)}. A service asks {@link #current()}, which takes {@link
 * GrpcPeerCredentials.Builder#context()}.
 */
public final class GrpcPeer {
    /** The peer in the attributes of the transport and of each call, {@link ServerCall#getAttributes()}. */
    @Grpc.TransportAttr
    public static final Attributes.Key<GrpcPeer> ATTRIBUTE =
            Attributes.Key.create("io.github.nettypeercred.grpc.GrpcPeer");

    /** The peer in the context of a call, if {@link GrpcPeerCredentials.Builder#context()} has it put there. */
    public static final Context.Key<GrpcPeer> CONTEXT = Context.key("io.github.nettypeercred.grpc.GrpcPeer");

    private final Channel channel;
    private final UnixPeerCredentials credentials;
    private final PeerAuthorization authorization;

    GrpcPeer(Channel channel, UnixPeerCredentials credentials, PeerAuthorization authorization) {
        this.channel = channel;
        this.credentials = credentials;
        this.authorization = authorization;
    }

    /**
     * Returns who calls.
     *
     * @param call a call
     * @return the peer; empty if the call came to a server without {@link GrpcPeerCredentials}
     */
    public static Optional<GrpcPeer> of(ServerCall<?, ?> call) {
        return Optional.ofNullable(inAttributes(call));
    }

    static @Nullable GrpcPeer inAttributes(ServerCall<?, ?> call) {
        return call.getAttributes().get(ATTRIBUTE);
    }

    /**
     * Returns who calls, in the context of the call: in the methods of a service, and on other threads where grpc's context was taken along.
     *
     * @return the peer
     * @throws IllegalStateException if there is none in the current context
     */
    public static GrpcPeer current() {
        GrpcPeer peer = CONTEXT.get();
        if (peer == null) {
            throw new IllegalStateException("no peer in this context: it is there in calls of a server whose"
                    + " GrpcPeerCredentials were built with context()");
        }
        return peer;
    }

    /**
     * Returns who connected, as the kernel attests it.
     *
     * @return the credentials of the connection
     */
    public UnixPeerCredentials credentials() {
        return credentials;
    }

    /**
     * Returns what was decided about the connection, and what its peer may do, as of now: a reload of the policy may have changed it. Without
     * allocation.
     *
     * @return what was decided last
     */
    public PeerAccess access() {
        return PeerAccess.of(channel);
    }

    /**
     * Returns whether the peer may do something, by a grant, and tells it like any denial if it may not.
     *
     * @param grant a name that a rule gives
     * @param action what the peer is about to do, for the log: it may hold anything
     * @return whether the decision about the connection gave the grant; false once the connection is closed, as nobody decides about it any more
     * @see PeerAuthorization#permits
     */
    public boolean permits(String grant, String action) {
        return channel.isOpen() && authorization.permits(channel, Objects.requireNonNull(grant, "grant"), action);
    }

    /** The credentials and the decision. */
    @Override
    public String toString() {
        return credentials + ", " + access();
    }
}
