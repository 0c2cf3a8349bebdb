// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerAuthorizationHandler;
import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.names.Names;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.mapping.GrantedAuthoritiesMapper;
import org.springframework.security.core.authority.mapping.NullAuthoritiesMapper;
import org.springframework.security.core.authority.mapping.SimpleAuthorityMapper;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** What is made of a request's peer, and of what is not one: without Spring Boot, on Reactor Netty. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class UnixPeerAuthenticationConverterTest {
    private static final PeerPolicy NOT_NOBODY = PeerPolicy.builder()
            .deny("not nobody", rule -> rule.user(65534))
            .allow("others", rule -> rule.anyUser().grants("user"))
            .build();

    private final ExecutorService lookUps = Executors.newSingleThreadExecutor();
    private Path socket;
    private Names names = Names.builder(lookUps).build();
    private GrantedAuthoritiesMapper mapper = new NullAuthoritiesMapper();

    @BeforeEach
    void makeFolder() throws Exception {
        Curl.need();
        socket = Curl.folder().resolve("http.sock");
    }

    @AfterEach
    void end() throws Exception {
        lookUps.shutdownNow();
        if (socket != null) {
            Files.deleteIfExists(socket);
            Files.delete(socket.getParent());
        }
    }

    @Test
    void captured_and_allowed_peer_is_authenticated() throws Exception {
        assertThat(answer(UnixPeerAuthenticationConverterTest::guard, 2)).isEqualTo("bin [user]");
    }

    @Test
    void grants_may_be_mapped_to_roles() throws Exception {
        SimpleAuthorityMapper roles = new SimpleAuthorityMapper();
        roles.setConvertToUpperCase(true);
        mapper = roles;

        assertThat(answer(UnixPeerAuthenticationConverterTest::guard, 2)).isEqualTo("bin [ROLE_USER]");
    }

    @Test
    void peer_that_a_policy_in_shadow_mode_would_deny_has_no_authorities() throws Exception {
        PeerAuthorization shadow =
                PeerAuthorization.builder(NOT_NOBODY).shadow().build();

        assertThat(answer(
                        pipeline ->
                                pipeline.addFirst(new PeerCredentialsHandler(), new PeerAuthorizationHandler(shadow)),
                        65534))
                .isEqualTo("nobody []");
    }

    @Test
    void peer_about_whom_nothing_was_decided_is_not_authenticated() throws Exception {
        assertThat(answer(pipeline -> pipeline.addFirst(new PeerCredentialsHandler()), 0))
                .isEqualTo("none");
    }

    @Test
    void peer_that_was_not_captured_is_not_authenticated() throws Exception {
        assertThat(answer(pipeline -> {}, 0)).isEqualTo("none");
    }

    @Test
    void peer_on_tcp_that_a_policy_lets_in_is_not_authenticated() throws Exception {
        PeerAuthorization shadow =
                PeerAuthorization.builder(NOT_NOBODY).shadow().build();
        DisposableServer server = serve(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                pipeline -> pipeline.addFirst(
                        PeerCredentialsHandler.builder().admitAbsent().build(), new PeerAuthorizationHandler(shadow)));
        try {
            Curl curl = Curl.overTcp(server.port());

            curl.assertAnswer(200, "none");
        } finally {
            server.disposeNow();
        }
    }

    @Test
    void name_that_does_not_come_in_time_is_left_out() throws Exception {
        names = Names.builder(unused -> {}).deadline(Duration.ofMillis(50)).build();

        assertThat(answer(UnixPeerAuthenticationConverterTest::guard, 2))
                .isEqualTo("uid:2 [user] " + AbsenceReason.TIMED_OUT);
    }

    @Test
    void name_that_the_executor_has_no_room_for_is_left_out() throws Exception {
        names = Names.builder(unused -> {
                    throw new RejectedExecutionException();
                })
                .build();

        assertThat(answer(UnixPeerAuthenticationConverterTest::guard, 2))
                .isEqualTo("uid:2 [user] " + AbsenceReason.UNAVAILABLE);
    }

    @Test
    void look_up_on_an_event_loop_is_an_error() throws Exception {
        names = Names.builder(Runnable::run).build();

        assertThat(answer(UnixPeerAuthenticationConverterTest::guard, 2)).isEqualTo("IllegalStateException");
    }

    private static void guard(ChannelPipeline pipeline) {
        pipeline.addFirst(new PeerCredentialsHandler(), new PeerAuthorizationHandler(NOT_NOBODY));
    }

    /** Asks as a user, and returns what the converter made of it. */
    private String answer(Consumer<ChannelPipeline> handlers, long uid) throws Exception {
        DisposableServer server = serve(new DomainSocketAddress(socket.toFile()), handlers);
        try {
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
            Curl curl = Curl.as(uid, uid, socket, "/");
            assertThat(curl.exit()).as(curl.output()).isZero();
            assertThat(curl.output()).endsWith("200");
            return curl.output().substring(0, curl.output().length() - 3);
        } finally {
            server.disposeNow();
        }
    }

    private DisposableServer serve(SocketAddress address, Consumer<ChannelPipeline> handlers) {
        UnixPeerAuthenticationConverter converter = new UnixPeerAuthenticationConverter(names, mapper);
        return HttpServer.create()
                .bindAddress(() -> address)
                .doOnChannelInit((observer, channel, remote) -> handlers.accept(channel.pipeline()))
                .handle(new ReactorHttpHandlerAdapter(
                        WebHttpHandlerBuilder.webHandler(exchange -> print(exchange, converter.convert(exchange)))
                                .build()))
                .bindNow();
    }

    private static Mono<Void> print(ServerWebExchange exchange, Mono<Authentication> authentication) {
        return authentication
                .map(UnixPeerAuthenticationConverterTest::text)
                .defaultIfEmpty("none")
                .onErrorResume(e -> Mono.just(e.getClass().getSimpleName()))
                .flatMap(text -> exchange.getResponse()
                        .writeWith(Mono.just(DefaultDataBufferFactory.sharedInstance.wrap(text.getBytes(UTF_8)))));
    }

    private static String text(Authentication authentication) {
        assertThatExceptionOfType(NotSerializableException.class)
                .isThrownBy(() -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(authentication));
        UnixPeerPrincipal principal = ((UnixPeerAuthentication) authentication).getPrincipal();
        return authentication.getName() + " " + authentication.getAuthorities()
                + principal.account().absence().map(why -> " " + why.reason()).orElse("");
    }
}
