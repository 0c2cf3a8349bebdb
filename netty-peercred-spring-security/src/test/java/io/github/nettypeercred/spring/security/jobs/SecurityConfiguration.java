// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security.jobs;

import static org.springframework.security.config.web.server.SecurityWebFiltersOrder.AUTHENTICATION;

import io.github.nettypeercred.authz.names.Names;
import io.github.nettypeercred.spring.security.UnixPeerAuthenticationWebFilter;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.security.config.annotation.method.configuration.EnableReactiveMethodSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.authentication.HttpStatusServerEntryPoint;

/** Who may do what, in the words of Spring Security. */
@Configuration(proxyBeanMethods = false)
@EnableReactiveMethodSecurity
class SecurityConfiguration {
    @Bean(destroyMethod = "shutdown")
    ExecutorService nameLookUps() {
        return Executors.newFixedThreadPool(4);
    }

    @Bean
    Names names(ExecutorService nameLookUps) {
        return Names.builder(nameLookUps).build();
    }

    @Bean
    SecurityWebFilterChain security(ServerHttpSecurity http, Names names) {
        return http.addFilterAt(new UnixPeerAuthenticationWebFilter(names), AUTHENTICATION)
                .authorizeExchange(requests -> requests.pathMatchers("/admin/**")
                        .hasAuthority("jobs.purge")
                        .anyExchange()
                        .authenticated())
                .exceptionHandling(handling ->
                        handling.authenticationEntryPoint(new HttpStatusServerEntryPoint(HttpStatus.UNAUTHORIZED)))
                .csrf(ServerHttpSecurity.CsrfSpec::disable)
                .build();
    }
}
