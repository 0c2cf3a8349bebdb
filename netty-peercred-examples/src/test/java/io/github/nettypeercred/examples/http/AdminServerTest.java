// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The example on plain Netty. */
class AdminServerTest extends AbstractAdminServerTest {
    @Override
    protected AutoCloseable start(Path path, PeerAuthorization authorization) throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Channel server = AdminServer.start(group, path, authorization);
        return () -> {
            server.close().sync();
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        };
    }

    private String firstLine(String request) throws IOException {
        return raw(request).output().lines().findFirst().orElse("");
    }

    @Test
    void otherRequests_areRefused() throws IOException {
        String end = " HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n";
        assertThat(firstLine("POST /admin" + end)).isEqualTo("HTTP/1.1 405 Method Not Allowed");
        assertThat(firstLine("GET /%61dmin" + end)).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(firstLine("GET /admin?x" + end)).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(firstLine("GET //admin" + end)).isEqualTo("HTTP/1.1 404 Not Found");
        assertThat(firstLine("GET / HTTP/1.1\\r\\nContent-Length: x\\r\\n\\r\\n"))
                .isEqualTo("HTTP/1.1 400 Bad Request");
        assertThat(firstLine("PRI * HTTP/2.0\\r\\n\\r\\nxx\\r\\n\\r\\n")).startsWith("HTTP/1.1 405 ");
    }
}
