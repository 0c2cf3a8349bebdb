// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Connects by the JDK alone, so that it runs as any user, and prints its pid and how many bytes it was sent: -1 for none. */
public final class Client {
    private Client() {}

    public static void main(String[] args) throws Exception {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(args[0]))) {
            int read = channel.read(ByteBuffer.allocate(1));
            System.out.println("pid=" + ProcessHandle.current().pid() + " read=" + read);
        }
    }
}
