// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security.jobs;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.security.autoconfigure.ReactiveUserDetailsServiceAutoConfiguration;
import org.springframework.context.annotation.Bean;

/** A list of jobs that users of this machine read, and some of them purge. Start it with {@code --jobs.socket=PATH}. */
@SpringBootApplication(exclude = ReactiveUserDetailsServiceAutoConfiguration.class) // no user with a generated password
public class JobsApplication {
    /** Starts it. */
    public static void main(String[] arguments) {
        SpringApplication.run(JobsApplication.class, arguments);
    }

    @Bean
    PeerAuthorization peerAuthorization() {
        return PeerAuthorization.of(PeerPolicy.builder()
                .deny("not the printer", rule -> rule.user("lp"))
                .allow("operators", rule -> rule.user("daemon").grants("jobs.read", "jobs.purge"))
                .allow("everybody", rule -> rule.anyUser().grants("jobs.read"))
                .build());
    }
}
