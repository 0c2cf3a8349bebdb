// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Servers in other processes under other users. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GrpcRequiredServerTest {
    private static final long BOB = 70002;
    private static final long MALLORY = 4294967290L;

    @BeforeAll
    static void needRoot() {
        OtherUser.needRoot();
    }

    /** Where every user can bind. */
    private static Path path() throws IOException {
        Path path = Served.newPath();
        Files.setPosixFilePermissions(path.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
        return path;
    }

    private static PeerPolicy bob() {
        return PeerPolicy.builder().allow("bob", rule -> rule.user(BOB)).build();
    }

    private static OtherUser server(long uid, String... arguments) {
        OtherUser server = OtherUser.start(uid, 70100, ServerProgram.class, arguments);
        assertThat(server.line()).isEqualTo("ready");
        return server;
    }

    private static String submit(ManagedChannel channel) {
        return ClientCalls.blockingUnaryCall(
                channel, Jobs.SUBMIT, CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS), "hello");
    }

    @Test
    void call_toTheRequiredServer_isServed() throws Exception {
        Path path = path();
        try (OtherUser server = server(BOB, path.toString())) {
            ManagedChannel channel = GrpcRequiredServer.forPath(path, bob()).build();
            String itself = "0 0 " + ProcessHandle.current().pid();
            assertThat(submit(channel)).isEqualTo(itself + " hello");
            assertThat(server.ids()).startsWith(BOB + " ");
            channel.shutdownNow();
        } finally {
            Files.deleteIfExists(path);
        }
    }

    @ParameterizedTest
    @EnumSource(Security.class)
    void call_toAnotherServer_sendsNoByte(Security security) throws Exception {
        Path path = path();
        ChannelCredentials credentials =
                security == Security.PLAINTEXT ? InsecureChannelCredentials.create() : TlsChannelCredentials.create();
        try (OtherUser server = server(MALLORY, path.toString(), "count")) {
            ManagedChannel channel =
                    GrpcRequiredServer.forPath(path, bob(), credentials).build();
            assertThatThrownBy(() -> submit(channel)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(e.getStatus().getDescription()).contains("the socket's server is not the one required");
            });
            channel.shutdownNow();
            assertThat(server.line()).isEqualTo("read 0");
        } finally {
            Files.deleteIfExists(path);
        }
    }

    /** What the count above would be if the server were the one required. */
    @Test
    void call_toTheRequiredServer_sendsBytes() throws Exception {
        Path path = path();
        try (OtherUser server = server(BOB, path.toString(), "count")) {
            ManagedChannel channel = GrpcRequiredServer.forPath(path, bob()).build();
            assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                            channel, Jobs.SUBMIT, CallOptions.DEFAULT.withDeadlineAfter(3, TimeUnit.SECONDS), "hello"))
                    .isInstanceOf(StatusRuntimeException.class);
            channel.shutdownNow();
            assertThat(server.line()).isNotEqualTo("read 0");
        } finally {
            Files.deleteIfExists(path);
        }
    }
}
