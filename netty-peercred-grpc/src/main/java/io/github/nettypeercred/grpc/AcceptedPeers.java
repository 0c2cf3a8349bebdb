// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections of a server that grpc has not told its transport filters of yet. All that these are given of a connection is its remote
 * address. On a Unix domain socket that names nobody, but each channel has an object of its own, which is what it is found by. May be used
 * from any thread.
 */
final class AcceptedPeers {
    private final Map<SocketAddress, Channel> channels = Collections.synchronizedMap(new IdentityHashMap<>());

    /**
     * Takes up a connection.
     *
     * @return false if it has no address, or another connection has the same object: then neither of the two is found
     */
    boolean add(Channel channel) {
        SocketAddress address = channel.remoteAddress();
        if (address == null) {
            return false;
        }
        Channel other = channels.putIfAbsent(address, channel);
        if (other == null) {
            channel.closeFuture().addListener(closed -> channels.remove(address, channel));
            return true;
        }
        channels.remove(address);
        other.close();
        return false;
    }

    /** Returns the connection with that very object for a remote address, once. */
    @Nullable
    Channel take(SocketAddress address) {
        return channels.remove(address);
    }

    int size() {
        return channels.size();
    }
}
