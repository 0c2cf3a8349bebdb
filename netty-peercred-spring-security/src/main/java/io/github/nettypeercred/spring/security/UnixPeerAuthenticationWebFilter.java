// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import io.github.nettypeercred.authz.names.Names;
import java.util.Objects;
import org.springframework.security.authentication.ReactiveAuthenticationManager;
import org.springframework.security.web.server.authentication.AuthenticationWebFilter;
import reactor.core.publisher.Mono;

/**
 * Authenticates each request as the {@link UnixPeerAuthentication} of its connection's peer. For a {@code
 * SecurityWebFilterChain}:
 *
 * <pre>{@code
 * http.addFilterAt(new UnixPeerAuthenticationWebFilter(names), SecurityWebFiltersOrder.AUTHENTICATION)
 * }</pre>
 *
 * <p>A request whose peer is not known goes on without an authentication: demand one with {@code
 * anyExchange().authenticated()}, or an authority. Nothing is kept in a session. Do not make it a bean: Spring Boot
 * would put it in front of every request a second time.
 */
public final class UnixPeerAuthenticationWebFilter extends AuthenticationWebFilter {
    /**
     * Makes a filter.
     *
     * @param names where the names of users are looked up
     */
    public UnixPeerAuthenticationWebFilter(Names names) {
        this(new UnixPeerAuthenticationConverter(names));
    }

    /**
     * Makes a filter with a converter that maps authorities.
     *
     * @param converter makes the authentications
     */
    public UnixPeerAuthenticationWebFilter(UnixPeerAuthenticationConverter converter) {
        super((ReactiveAuthenticationManager) Mono::just);
        setServerAuthenticationConverter(Objects.requireNonNull(converter, "converter"));
    }
}
