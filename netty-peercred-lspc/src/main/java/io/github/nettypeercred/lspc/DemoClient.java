// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * The program of the demo's child processes. It stands alone, since it is copied to where every user can read it: waits for
 * a byte on stdin, connects, prints what the server did, and stays until stdin ends.
 */
final class DemoClient {
    private DemoClient() {}

    /**
     * Connects once.
     *
     * @param arguments the socket's path
     * @throws IOException if it cannot connect
     */
    public static void main(String[] arguments) throws IOException {
        System.out.println("ready");
        if (System.in.read() < 0) {
            return;
        }
        try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            boolean unusedConnected = socket.connect(UnixDomainSocketAddress.of(arguments[0]));
            System.out.println(socket.read(ByteBuffer.allocate(1)) < 0 ? "refused" : "greeted");
            while (System.in.read() >= 0) {
                // the parent is not done yet
            }
        }
    }
}
