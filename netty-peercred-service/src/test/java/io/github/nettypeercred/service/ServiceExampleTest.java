// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That the code of docs/service-socket.md is compiled, and works. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceExampleTest {
    @Test
    void document_showsCompiledLines() throws IOException {
        List<String> source = trimmed(Path.of("src/test/java/io/github/nettypeercred/service/ServiceExample.java"));
        List<String> document = trimmed(Path.of("../docs/service-socket.md"));
        int blocks = 0;
        for (int i = 0; i < document.size(); i++) {
            if (document.get(i).equals("```java")) {
                List<String> shown = document.subList(i + 1, document.size());
                shown = shown.subList(0, shown.indexOf("```"));
                assertThat(source).containsSequence(shown);
                blocks++;
            }
        }
        assertThat(blocks).isEqualTo(3);
    }

    private static List<String> trimmed(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .map(String::trim)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void example_greets_handsOver_andIsStopped() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (Place place = new Place()) {
            try (ServiceSocket socket = ServiceExample.start(place.path, group)) {
                assertThat(Clients.ask(socket.path())).isEqualTo("hello, user " + Place.id("uid"));
            }
            AtomicInteger stopped = new AtomicInteger();
            try (ServiceSocket socket = ServiceExample.startOrTakeOver(place.path, stopped::incrementAndGet);
                    Child successor = Child.starter()) {
                socket.serve(new ServerBootstrap().group(group).childHandler(ServiceExample.greeting()))
                        .sync();
                assertThat(successor.ask("take " + place.path + " takeover")).isEqualTo("taken HANDED_OVER");
                socket.handedOver().get(30, TimeUnit.SECONDS);
                await().until(() -> stopped.get() == 1);
                ServiceExample.stop(place.path, Place.id("uid"));
                assertThat(successor.exitCode()).isEqualTo(128 + 15);
            }
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
