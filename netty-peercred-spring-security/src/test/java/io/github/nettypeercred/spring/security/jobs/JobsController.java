// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security.jobs;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.spring.security.UnixPeerAuthentication;
import io.github.nettypeercred.spring.security.UnixPeerPrincipal;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;

@RestController
class JobsController {
    @GetMapping("/jobs")
    @PreAuthorize("hasAuthority('jobs.read')")
    Mono<String> list(@AuthenticationPrincipal UnixPeerPrincipal user) {
        return Mono.just("jobs of " + user.getName() + "\n");
    }

    @DeleteMapping("/jobs")
    @PreAuthorize("hasAuthority('jobs.purge')")
    Mono<String> purge(@AuthenticationPrincipal UnixPeerPrincipal user) {
        return Mono.just("purged by " + user.getName() + "\n");
    }

    @GetMapping("/admin/peer")
    Mono<String> peer(UnixPeerAuthentication authentication) {
        return Mono.just(text(authentication));
    }

    @GetMapping("/whoami")
    Mono<String> whoAmI(UnixPeerAuthentication authentication) {
        return Mono.just(text(authentication));
    }

    private static String text(UnixPeerAuthentication authentication) {
        UnixPeerCredentials peer = authentication.getDetails();
        return authentication.getName() + " uid=" + peer.uid() + " gid=" + peer.gid() + " pid="
                + peer.pid().orElseThrow() + " " + authentication.getAuthorities() + "\n";
    }
}
