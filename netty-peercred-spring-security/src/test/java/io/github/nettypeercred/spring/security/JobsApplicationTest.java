// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.spring.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerCounters;
import io.github.nettypeercred.spring.security.jobs.JobsApplication;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Spring Boot on a Unix domain socket, with clients in other processes under other users. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class JobsApplicationTest {
    private static final long DAEMON = 1;
    private static final long LP = 7;
    private static final long NOBODY = 65534;
    private static final long NAMELESS = 54321;

    private static Path socket;
    private static ConfigurableApplicationContext application;

    @BeforeAll
    static void start() throws Exception {
        Curl.need();
        socket = Curl.folder().resolve("jobs.sock");
        application =
                SpringApplication.run(JobsApplication.class, "--jobs.socket=" + socket, "--server.http2.enabled=true");
    }

    @AfterAll
    static void stop() throws Exception {
        if (application != null) {
            application.close();
            assertThat(socket).doesNotExist();
            Files.delete(socket.getParent());
        }
    }

    @Test
    void principal_is_user_authorities_are_grants_and_details_are_credentials() throws Exception {
        Curl curl = Curl.as(NOBODY, 33, socket, "/whoami");

        curl.assertAnswer(200, "nobody uid=65534 gid=33 pid=" + curl.pid() + " [jobs.read]\n");
    }

    @Test
    void user_without_a_name_is_named_by_its_uid() throws Exception {
        Curl curl = Curl.as(NAMELESS, NAMELESS, socket, "/whoami");

        curl.assertAnswer(200, "uid:54321 uid=54321 gid=54321 pid=" + curl.pid() + " [jobs.read]\n");
    }

    @Test
    void stream_of_http_2_has_the_peer_of_its_connection() throws Exception {
        Curl priorKnowledge = Curl.as(DAEMON, DAEMON, socket, "/whoami", "--http2-prior-knowledge");
        Curl upgraded = Curl.as(DAEMON, DAEMON, socket, "/whoami", "--http2");

        priorKnowledge.assertAnswer(
                200, "daemon uid=1 gid=1 pid=" + priorKnowledge.pid() + " [jobs.purge, jobs.read]\n");
        upgraded.assertAnswer(200, "daemon uid=1 gid=1 pid=" + upgraded.pid() + " [jobs.purge, jobs.read]\n");
    }

    @Test
    void rule_of_a_path_asks_for_the_grant() throws Exception {
        Curl allowed = Curl.as(DAEMON, DAEMON, socket, "/admin/peer");

        allowed.assertAnswer(200, "daemon uid=1 gid=1 pid=" + allowed.pid() + " [jobs.purge, jobs.read]\n");
        Curl.as(NOBODY, NOBODY, socket, "/admin/peer").assertAnswer(403, "Access Denied");
        Curl.as(NOBODY, NOBODY, socket, "/admin/peer", "--http2-prior-knowledge")
                .assertAnswer(403, "Access Denied");
    }

    @Test
    void rule_of_a_method_asks_for_the_grant() throws Exception {
        Curl.as(NOBODY, NOBODY, socket, "/jobs").assertAnswer(200, "jobs of nobody\n");
        Curl.as(DAEMON, DAEMON, socket, "/jobs", "-X", "DELETE").assertAnswer(200, "purged by daemon\n");
        Curl.as(NOBODY, NOBODY, socket, "/jobs", "-X", "DELETE").assertAnswer(403, "Access Denied");
    }

    @Test
    void user_that_the_policy_denies_has_its_connection_closed() throws Exception {
        PeerCounters counters = application.getBean(PeerAuthorization.class).counters();
        Curl.as(LP, LP, socket, "/whoami").assertRefused();
        long openFiles = Curl.openFiles();
        long denied = counters.denied();

        for (int i = 0; i < 5; i++) {
            Curl.as(LP, LP, socket, "/jobs").assertRefused();
            Curl.as(LP, LP, socket, "/jobs", "--http2-prior-knowledge").assertRefused();
        }

        assertThat(counters.denied() - denied).isEqualTo(10);
        assertThat(Curl.openFiles()).isLessThanOrEqualTo(openFiles);
    }

    @Test
    void name_and_password_of_a_client_change_nothing() throws Exception {
        Curl.as(NOBODY, NOBODY, socket, "/jobs", "-u", "root:secret", "-H", "X-Forwarded-User: root")
                .assertAnswer(200, "jobs of nobody\n");
    }
}
