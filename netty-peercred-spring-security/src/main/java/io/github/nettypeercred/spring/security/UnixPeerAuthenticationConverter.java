// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAccess;
import io.github.nettypeercred.authz.names.Names;
import io.github.nettypeercred.authz.names.UserAccount;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.core.authority.mapping.GrantedAuthoritiesMapper;
import org.springframework.security.core.authority.mapping.NullAuthoritiesMapper;
import org.springframework.security.web.server.authentication.ServerAuthenticationConverter;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Makes a {@link UnixPeerAuthentication} of the peer of a request's connection. {@link
 * UnixPeerAuthenticationWebFilter} has one; for a filter of one's own.
 *
 * <p>It gives nothing, and so nobody is authenticated, unless the request came over Reactor Netty, on a connection
 * whose peer's credentials were captured and about whom a policy has decided. A policy in shadow mode has decided too:
 * whom it would deny is authenticated, without authorities.
 *
 * <p>Nothing blocks: the name of the user comes from a cache or later, and what is not known by the deadline is left out.
 */
public final class UnixPeerAuthenticationConverter implements ServerAuthenticationConverter {
    private static final Absence NO_ROOM =
            new Absence(AbsenceReason.UNAVAILABLE, "the executor of the names took no look-up");

    private final Names names;
    private final GrantedAuthoritiesMapper mapper;

    /**
     * Makes a converter that gives each grant as an authority of the same name.
     *
     * @param names where the names of users are looked up
     */
    public UnixPeerAuthenticationConverter(Names names) {
        this(names, new NullAuthoritiesMapper());
    }

    /**
     * Makes a converter that maps authorities. Grants have no capital letters: a {@code SimpleAuthorityMapper}
     * makes {@code ROLE_ADMIN}, which {@code hasRole("ADMIN")} asks for, of {@code admin}.
     *
     * @param names where the names of users are looked up
     * @param mapper makes the authorities of those that have the names of the grants; on an event loop, for each request
     */
    public UnixPeerAuthenticationConverter(Names names, GrantedAuthoritiesMapper mapper) {
        this.names = Objects.requireNonNull(names, "names");
        this.mapper = Objects.requireNonNull(mapper, "mapper");
    }

    /**
     * Makes the authentication of a request's peer.
     *
     * @param exchange the request
     * @return the authentication; empty if the peer is unknown, or nothing was decided about it. Fails if names
     *     were made with an executor that runs look-ups on an event loop
     */
    @Override
    public Mono<Authentication> convert(ServerWebExchange exchange) {
        Channel channel = channel(exchange.getRequest());
        if (channel == null || !(UnixPeerCredentials.of(channel) instanceof UnixPeerCredentials credentials)) {
            return Mono.empty();
        }
        if (!isLetIn(PeerAccess.of(channel))) {
            return Mono.empty();
        }
        long uid = credentials.uid();
        return account(uid, channel).flatMap(account -> {
            PeerAccess access = PeerAccess.of(channel); // after the look-up, which may have taken a while
            return isLetIn(access)
                    ? Mono.just(new UnixPeerAuthentication(
                            new UnixPeerPrincipal(uid, account), credentials, authorities(access)))
                    : Mono.empty();
        });
    }

    /** Not, also where nothing was decided. */
    private static boolean isLetIn(PeerAccess access) {
        return access.isAllowed() || !access.isEnforced();
    }

    private Collection<? extends GrantedAuthority> authorities(PeerAccess access) {
        return mapper.mapAuthorities(access.grants().stream()
                .sorted()
                .map(SimpleGrantedAuthority::new)
                .toList());
    }

    private static @Nullable Channel channel(ServerHttpRequest request) {
        Object nativeRequest;
        try {
            nativeRequest = ServerHttpRequestDecorator.getNativeRequest(request);
        } catch (IllegalArgumentException | IllegalStateException e) { // neither a server's nor a decorated one: a mock
            return null;
        }
        if (!(nativeRequest instanceof HttpServerRequest ofReactorNetty)) {
            return null;
        }
        AtomicReference<@Nullable Channel> channel = new AtomicReference<>();
        ofReactorNetty.withConnection(connection -> channel.set(connection.channel()));
        return channel.get();
    }

    private Mono<Answer<UserAccount>> account(long uid, Channel channel) {
        return Mono.create(
                sink -> names.user(uid, channel.eventLoop()).addListener((Future<Answer<UserAccount>> lookUp) -> {
                    if (lookUp.isSuccess()) {
                        sink.success(lookUp.getNow());
                    } else if (lookUp.cause() instanceof RejectedExecutionException) {
                        sink.success(Answer.unknown(NO_ROOM));
                    } else {
                        sink.error(lookUp.cause());
                    }
                }));
    }
}
