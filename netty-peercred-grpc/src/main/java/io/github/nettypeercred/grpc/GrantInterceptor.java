// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAccess;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Lets a call through, or ends it with a status that has no description. It asks what was decided about the connection last, so that a
 * reload reaches the next call.
 */
final class GrantInterceptor implements ServerInterceptor {
    private final MethodGrants grants;
    private final boolean context;
    private final @Nullable SecurityLevel securityLevel;

    GrantInterceptor(MethodGrants grants, boolean context, @Nullable SecurityLevel securityLevel) {
        this.grants = grants;
        this.context = context;
        this.securityLevel = securityLevel;
    }

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
        GrpcPeer peer = GrpcPeer.inAttributes(call);
        if (peer == null) {
            return refuse(call, Status.UNAUTHENTICATED);
        }
        if (!permits(peer, call.getMethodDescriptor())) {
            return refuse(call, Status.PERMISSION_DENIED);
        }
        ServerCall<Q, S> passed = securityLevel == null ? call : new LeveledCall<>(call, securityLevel);
        return context
                ? Contexts.interceptCall(Context.current().withValue(GrpcPeer.CONTEXT, peer), passed, headers, next)
                : next.startCall(passed, headers);
    }

    private boolean permits(GrpcPeer peer, MethodDescriptor<?, ?> method) {
        String grant = grants.required(method);
        if (grant != null) {
            return peer.permits(grant, method.getFullMethodName());
        }
        PeerAccess access = peer.access();
        return access.isAllowed() || !access.isEnforced(); // what was revoked may not be closed yet
    }

    private static <Q> ServerCall.Listener<Q> refuse(ServerCall<Q, ?> call, Status status) {
        call.close(status, new Metadata());
        return new ServerCall.Listener<>() {};
    }

    /** A call that says how far its transport is to be trusted. */
    private static final class LeveledCall<Q, S> extends SimpleForwardingServerCall<Q, S> {
        private final SecurityLevel level;

        LeveledCall(ServerCall<Q, S> call, SecurityLevel level) {
            super(call);
            this.level = level;
        }

        @Override
        public SecurityLevel getSecurityLevel() {
            return level;
        }
    }
}
