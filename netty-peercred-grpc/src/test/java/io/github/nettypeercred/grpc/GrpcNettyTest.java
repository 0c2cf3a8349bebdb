// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.internal.GrpcUtil;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said where grpc-netty is not the one that is used. */
class GrpcNettyTest {
    private static final PeerPolicy POLICY =
            PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build();

    /** Runs where there is grpc-netty-shaded alone. */
    public static final class Program {
        private Program() {}

        public static void main(String[] args) {
            if (args[0].equals("server")) {
                GrpcPeerCredentials.of(PeerAuthorization.of(POLICY)).forPath(Path.of("/nowhere"));
            } else {
                GrpcRequiredServer.forPath(Path.of("/nowhere"), POLICY);
            }
        }
    }

    @Test
    void tests_runOnTheVersionTheyAreMeantFor() throws ReflectiveOperationException {
        // By name, since the compiler would take the constant over.
        assertThat(GrpcUtil.class.getField("IMPLEMENTATION_VERSION").get(null))
                .isEqualTo(System.getProperty("expected.grpc.version"));
    }

    @Test
    void shadedServerBuilder_isRefusedInOneSentence() {
        io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder shaded =
                io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder.forPort(0);
        GrpcPeerCredentials peers = GrpcPeerCredentials.of(PeerAuthorization.of(POLICY));
        assertThatThrownBy(() -> peers.install(shaded, EpollServerDomainSocketChannel::new))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("grpc-netty-shaded has a copy of Netty under other names, which no handler of"
                        + " netty-peercred fits: use io.grpc:grpc-netty in its place");
    }

    @Test
    void shadedChannelBuilder_isRefusedInOneSentence() {
        io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder shaded =
                io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder.forTarget("unix:///nowhere");
        assertThatThrownBy(() -> GrpcRequiredServer.install(shaded, EpollDomainSocketChannel::new, POLICY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("grpc-netty-shaded")
                .hasMessageContaining("use io.grpc:grpc-netty");
    }

    @Test
    void shadedAlone_isSaidWhereTheBuilderIsOurs() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!new File(entry).getName().matches("grpc-netty(-\\d.*)?\\.jar")) {
                urls.add(new File(entry).toURI().toURL());
            }
        }
        try (URLClassLoader shadedAlone =
                new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            for (String side : List.of("server", "client")) {
                assertThatThrownBy(() -> shadedAlone
                                .loadClass(Program.class.getName())
                                .getMethod("main", String[].class)
                                .invoke(null, (Object) new String[] {side}))
                        .rootCause()
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageStartingWith("grpc-netty-shaded has a copy of Netty under other names");
            }
        }
    }
}
