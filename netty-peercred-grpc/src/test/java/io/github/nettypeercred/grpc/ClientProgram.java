// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client that does what its standard input says, a line each, and prints a line for each. Arguments: the socket, and a file with the
 * certificate that a TLS server has, or "-".
 */
public final class ClientProgram {
    private static final Map<String, MethodDescriptor<String, String>> UNARY =
            new TreeMap<>(Map.of("submit", Jobs.SUBMIT, "cancel", Jobs.CANCEL, "drop", Jobs.DROP, "check", Jobs.CHECK));

    private final Path socket;
    private final ChannelCredentials credentials;
    private ManagedChannel channel;

    private ClientProgram(String socket, String certificate) throws IOException {
        this.socket = Path.of(socket);
        credentials = certificate.equals("-")
                ? InsecureChannelCredentials.create()
                : TlsChannelCredentials.newBuilder()
                        .trustManager(Path.of(certificate).toFile())
                        .build();
        channel = connect();
    }

    public static void main(String[] args) throws Exception {
        ClientProgram client = new ClientProgram(args[0], args[1]);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        System.out.println("ready");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ", 2);
            System.out.println(client.run(words[0], words.length > 1 ? words[1] : ""));
        }
        System.exit(0);
    }

    private ManagedChannel connect() {
        PeerPolicy any = PeerPolicy.builder()
                .allow("whoever serves", rule -> rule.anyUser())
                .build();
        return GrpcRequiredServer.forPath(socket, any, credentials).build();
    }

    private String run(String command, String argument) throws Exception {
        try {
            return switch (command) {
                case "list" -> list(argument);
                case "upload" -> upload(Integer.parseInt(argument));
                case "watch" -> watch(Integer.parseInt(argument));
                case "hold" -> hold();
                case "many" -> many(Integer.parseInt(argument));
                case "reconnect" -> {
                    channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
                    channel = connect();
                    yield "reconnected";
                }
                case "idle" -> {
                    channel.enterIdle();
                    yield "idle";
                }
                default -> "OK " + unary(channel, Objects.requireNonNull(UNARY.get(command)), argument);
            };
        } catch (StatusRuntimeException e) {
            return line(e.getStatus());
        }
    }

    /** All that a status tells this client. */
    private static String line(Status status) {
        String description = status.getDescription();
        return status.getCode() + " " + (description == null ? null : description.replace('\n', ' '));
    }

    private static CallOptions options() {
        return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    private static String unary(ManagedChannel on, MethodDescriptor<String, String> method, String request) {
        return ClientCalls.blockingUnaryCall(on, method, options(), request);
    }

    private String list(String count) {
        Iterator<String> replies = ClientCalls.blockingServerStreamingCall(channel, Jobs.LIST, options(), count);
        List<String> all = new ArrayList<>();
        replies.forEachRemaining(all::add);
        return "OK " + all.size() + " " + (all.isEmpty() ? "" : all.get(all.size() - 1));
    }

    private String upload(int count) throws InterruptedException, ExecutionException, TimeoutException {
        Replies replies = new Replies();
        StreamObserver<String> requests =
                ClientCalls.asyncClientStreamingCall(channel.newCall(Jobs.UPLOAD, options()), replies);
        for (int i = 0; i < count; i++) {
            requests.onNext("part " + i);
        }
        requests.onCompleted();
        return replies.end.get(30, TimeUnit.SECONDS) + " " + String.join(",", replies.got());
    }

    private String watch(int count) throws InterruptedException, ExecutionException, TimeoutException {
        Replies replies = new Replies();
        StreamObserver<String> requests =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(Jobs.WATCH, options()), replies);
        for (int i = 0; i < count; i++) {
            requests.onNext("" + i);
        }
        requests.onCompleted();
        return replies.end.get(30, TimeUnit.SECONDS) + " " + replies.got().size() + " "
                + replies.got().stream().distinct().limit(1).collect(joining());
    }

    /** Keeps a call open, and prints a line more when it ends. */
    private String hold() throws InterruptedException, ExecutionException, TimeoutException {
        Replies replies = new Replies();
        StreamObserver<String> requests =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(Jobs.WATCH, CallOptions.DEFAULT), replies);
        requests.onNext("first");
        String first = replies.first.get(30, TimeUnit.SECONDS);
        replies.end.whenComplete((end, failure) -> System.out.println("ended " + end));
        return "held " + first;
    }

    /** Opens channels, one connection each, all open at once, and prints how often which answer came. */
    private String many(int count) throws InterruptedException, ExecutionException, TimeoutException {
        List<ManagedChannel> channels = new ArrayList<>();
        List<Future<String>> replies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ManagedChannel one = connect();
            channels.add(one);
            replies.add(ClientCalls.futureUnaryCall(one.newCall(Jobs.SUBMIT, options()), "many"));
        }
        Map<String, Integer> counted = new TreeMap<>();
        for (Future<String> reply : replies) {
            counted.merge(reply.get(60, TimeUnit.SECONDS), 1, Integer::sum);
        }
        for (ManagedChannel one : channels) {
            one.shutdownNow();
        }
        return counted.toString();
    }

    private static final class Replies implements StreamObserver<String> {
        final CompletableFuture<String> first = new CompletableFuture<>();
        final CompletableFuture<String> end = new CompletableFuture<>();
        private final List<String> got = new ArrayList<>();

        synchronized List<String> got() {
            return List.copyOf(got);
        }

        @Override
        public synchronized void onNext(String value) {
            got.add(value);
            first.complete(value);
        }

        @Override
        public void onError(Throwable t) {
            first.completeExceptionally(t);
            end.complete(line(Status.fromThrowable(t)));
        }

        @Override
        public void onCompleted() {
            end.complete("OK");
        }
    }
}
