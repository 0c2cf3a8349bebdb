// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import io.grpc.InsecureServerCredentials;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Serves at a path, until it is ended: the services of {@link Jobs}, or, told "count", whoever connects, and prints how many bytes came. */
public final class ServerProgram {
    private ServerProgram() {}

    public static void main(String[] args) throws Exception {
        Path path = Path.of(args[0]);
        if (args.length > 1) {
            count(path);
            return;
        }
        PeerAuthorization anybody = PeerAuthorization.of(
                PeerPolicy.builder().allow("everybody", rule -> rule.anyUser()).build());
        GrpcPeerCredentials.builder(anybody)
                .context()
                .build()
                .forPath(path, InsecureServerCredentials.create())
                .addServices(new Jobs().services())
                .build()
                .start();
        Served.openToAll(path);
        System.out.println("ready");
        Thread.sleep(Long.MAX_VALUE);
    }

    private static void count(Path path) throws Exception {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(path));
            Served.openToAll(path);
            System.out.println("ready");
            while (true) {
                try (SocketChannel client = server.accept()) {
                    long all = 0;
                    for (int n = 0; n >= 0; n = client.read(ByteBuffer.allocate(4096))) {
                        all += n;
                    }
                    System.out.println("read " + all);
                }
            }
        }
    }
}
