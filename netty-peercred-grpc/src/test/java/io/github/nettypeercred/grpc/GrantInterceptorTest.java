// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.testing.PretendedPeer;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.netty.channel.embedded.EmbeddedChannel;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GrantInterceptorTest {
    private static final int CALLS = 50_000;

    private static final PeerAuthorization AUTHORIZATION = PeerAuthorization.of(PeerPolicy.builder()
            .allow("user", rule -> rule.user(70001).grants("jobs.use", "jobs.list"))
            .build());

    private static GrantInterceptor interceptor() {
        return new GrantInterceptor(
                new MethodGrants(
                        Map.of(
                                "jobs.Jobs", Optional.of("jobs.use"),
                                "jobs.Jobs/Cancel", Optional.of("jobs.cancel"),
                                "jobs.Admin/Drop", Optional.empty()),
                        false),
                false,
                null);
    }

    private static Attributes decided(long uid) throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        PretendedPeer.of(uid, 100).pid(4242).on(channel);
        channel.pipeline().addLast(new PeerCredentialsHandler(), new PeerAuthorizationHandler(AUTHORIZATION));
        channel.register();
        channel.runPendingTasks();
        UnixPeerCredentials credentials = (UnixPeerCredentials) UnixPeerCredentials.of(channel);
        return Attributes.newBuilder()
                .set(GrpcPeer.ATTRIBUTE, new GrpcPeer(channel, credentials, AUTHORIZATION))
                .build();
    }

    /** A call of a method on a connection with attributes. */
    private static final class Call extends ServerCall<String, String> {
        private final MethodDescriptor<String, String> method;
        private final Attributes attributes;

        @Nullable
        Status closed;

        Call(MethodDescriptor<String, String> method, Attributes attributes) {
            this.method = method;
            this.attributes = attributes;
        }

        @Override
        public void request(int numMessages) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(String message) {}

        @Override
        public void close(Status status, Metadata trailers) {
            closed = status;
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<String, String> getMethodDescriptor() {
            return method;
        }

        @Override
        public Attributes getAttributes() {
            return attributes;
        }
    }

    private static final ServerCall.Listener<String> LISTENER = new ServerCall.Listener<>() {};
    private static final ServerCallHandler<String, String> NEXT = (call, headers) -> LISTENER;

    private static @Nullable Status refusal(MethodDescriptor<String, String> method, Attributes attributes) {
        Call call = new Call(method, attributes);
        ServerCall.Listener<String> listener = interceptor().interceptCall(call, new Metadata(), NEXT);
        assertThat(listener == LISTENER).isEqualTo(call.closed == null);
        return call.closed;
    }

    @Test
    void calls_areLetThroughByTheirGrant() throws Exception {
        Attributes user = decided(70001);
        assertThat(refusal(Jobs.SUBMIT, user)).isNull();
        assertThat(refusal(Jobs.DROP, user)).isNull();
        assertThat(refusal(Jobs.CANCEL, user)).isSameAs(Status.PERMISSION_DENIED);
        assertThat(refusal(Jobs.CHECK, user)).isSameAs(Status.PERMISSION_DENIED);
        assertThat(refusal(Jobs.SUBMIT, Attributes.EMPTY)).isSameAs(Status.UNAUTHENTICATED);
    }

    /** As after a revocation, before the connection is closed: a method that takes no grant is not open to everybody either. */
    @Test
    void calls_ofAPeerThatIsDenied_areRefused() throws Exception {
        Attributes stranger = decided(70002);
        assertThat(refusal(Jobs.DROP, stranger)).isSameAs(Status.PERMISSION_DENIED);
        assertThat(refusal(Jobs.SUBMIT, stranger)).isSameAs(Status.PERMISSION_DENIED);
    }

    @Test
    void call_thatIsLetThrough_costsNoAllocation() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        GrantInterceptor interceptor = interceptor();
        Metadata headers = new Metadata();
        Call[] calls = {new Call(Jobs.SUBMIT, decided(70001)), new Call(Jobs.DROP, decided(70001))};
        long bytes = 0;
        for (int round = 0; round < 2; round++) { // the first for what is made once
            long before = threads.getThreadAllocatedBytes(thread);
            for (int i = 0; i < CALLS; i++) {
                interceptor.interceptCall(calls[i & 1], headers, NEXT);
            }
            bytes = threads.getThreadAllocatedBytes(thread) - before;
        }
        assertThat(bytes / CALLS).isZero();
    }
}
