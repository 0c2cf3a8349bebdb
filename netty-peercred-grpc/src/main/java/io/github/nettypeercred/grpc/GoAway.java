// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * The last bytes to a peer that is denied, in HTTP/2 without TLS: an empty SETTINGS frame, as a server's first has to be, and GOAWAY with
 * INADEQUATE_SECURITY (RFC 9113, 6.5, 6.8 and 7), for which gRPC clients end their calls with PERMISSION_DENIED. It says nothing of the rule.
 */
final class GoAway {
    private static final byte[] BYTES = {
        0, 0, 0, 4, 0, 0, 0, 0, 0, // SETTINGS: no payload, no flags, stream 0
        0, 0, 8, 7, 0, 0, 0, 0, 0, // GOAWAY: 8 bytes of payload
        0, 0, 0, 0, 0, 0, 0, 0xc // last stream 0, INADEQUATE_SECURITY
    };

    private GoAway() {}

    static ByteBuf bytes() {
        return Unpooled.wrappedBuffer(BYTES).asReadOnly();
    }
}
