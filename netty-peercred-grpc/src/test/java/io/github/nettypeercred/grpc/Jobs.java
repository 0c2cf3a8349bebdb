// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.UnixPeerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Services that say who calls them, with calls of each kind. */
final class Jobs {
    static final MethodDescriptor<String, String> SUBMIT = method("jobs.Jobs/Submit", MethodType.UNARY);
    static final MethodDescriptor<String, String> LIST = method("jobs.Jobs/List", MethodType.SERVER_STREAMING);
    static final MethodDescriptor<String, String> UPLOAD = method("jobs.Jobs/Upload", MethodType.CLIENT_STREAMING);
    static final MethodDescriptor<String, String> WATCH = method("jobs.Jobs/Watch", MethodType.BIDI_STREAMING);
    static final MethodDescriptor<String, String> CANCEL = method("jobs.Jobs/Cancel", MethodType.UNARY);
    static final MethodDescriptor<String, String> DROP = method("jobs.Admin/Drop", MethodType.UNARY);
    static final MethodDescriptor<String, String> CHECK = method("grpc.health.v1.Health/Check", MethodType.UNARY);

    /** How many calls have come to a service. */
    final AtomicInteger calls = new AtomicInteger();

    private static MethodDescriptor<String, String> method(String name, MethodType type) {
        return MethodDescriptor.<String, String>newBuilder()
                .setFullMethodName(name)
                .setType(type)
                .setRequestMarshaller(new Text())
                .setResponseMarshaller(new Text())
                .build();
    }

    List<ServerServiceDefinition> services() {
        return List.of(
                ServerServiceDefinition.builder("jobs.Jobs")
                        .addMethod(SUBMIT, ServerCalls.asyncUnaryCall(this::answer))
                        .addMethod(CANCEL, ServerCalls.asyncUnaryCall(this::answer))
                        .addMethod(LIST, ServerCalls.asyncServerStreamingCall(this::list))
                        .addMethod(UPLOAD, ServerCalls.asyncClientStreamingCall(Counting::new))
                        .addMethod(WATCH, ServerCalls.asyncBidiStreamingCall(Echoing::new))
                        .build(),
                ServerServiceDefinition.builder("jobs.Admin")
                        .addMethod(DROP, ServerCalls.asyncUnaryCall(this::answer))
                        .build(),
                ServerServiceDefinition.builder("grpc.health.v1.Health")
                        .addMethod(CHECK, ServerCalls.asyncUnaryCall(this::answer))
                        .build());
    }

    /** Who calls, in one line. */
    private String caller() {
        calls.incrementAndGet();
        UnixPeerCredentials peer = GrpcPeer.current().credentials();
        return peer.uid() + " " + peer.gid() + " " + peer.pid().orElseThrow();
    }

    private void answer(String request, StreamObserver<String> observer) {
        observer.onNext(caller() + " " + request);
        observer.onCompleted();
    }

    private void list(String request, StreamObserver<String> observer) {
        String caller = caller();
        for (int i = 0; i < Integer.parseInt(request); i++) {
            observer.onNext(caller + " " + i);
        }
        observer.onCompleted();
    }

    private final class Counting implements StreamObserver<String> {
        private final StreamObserver<String> observer;
        private final String caller = caller();
        private int count;

        Counting(StreamObserver<String> observer) {
            this.observer = observer;
        }

        @Override
        public void onNext(String value) {
            count++;
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {
            observer.onNext(caller + " " + count);
            observer.onCompleted();
        }
    }

    private final class Echoing implements StreamObserver<String> {
        private final StreamObserver<String> observer;
        private final String caller = caller();

        Echoing(StreamObserver<String> observer) {
            this.observer = observer;
        }

        @Override
        public void onNext(String value) {
            observer.onNext(caller + " " + value);
        }

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {
            observer.onCompleted();
        }
    }

    private static final class Text implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
