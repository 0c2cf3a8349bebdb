// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.spring.security.jobs.JobsApplication;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The same application, whose author has forgotten the handlers that guard its socket. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class UnguardedApplicationTest {
    @Test
    void nobody_is_authenticated() throws Exception {
        Curl.need();
        Path socket = Curl.folder().resolve("jobs.sock");
        try (ConfigurableApplicationContext application = new SpringApplicationBuilder(
                        JobsApplication.class, Unguarded.class)
                .properties("spring.main.allow-bean-definition-overriding=true")
                .run("--jobs.socket=" + socket)) {
            assertThat(application.isRunning()).isTrue();
            for (String path : new String[] {"/whoami", "/admin/peer", "/jobs"}) {
                Curl.as(0, 0, socket, path).assertAnswer(401, "");
                Curl.as(0, 0, socket, path, "-u", "root:secret").assertAnswer(401, "");
            }
        }
        assertThat(socket).doesNotExist();
        Files.delete(socket.getParent());
    }

    /** Takes the place of the application's own. */
    @Configuration(proxyBeanMethods = false)
    static class Unguarded {
        @Bean
        NettyServerCustomizer unixSocket(@Value("${jobs.socket}") Path socket) {
            return server -> server.bindAddress(() -> new DomainSocketAddress(socket.toFile()));
        }
    }
}
