// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.netty.util.ReferenceCountUtil;
import io.netty.util.ReferenceCounted;

/**
 * A message whose sender was let in, and what that sender may do. A {@link PeerAuthorizationHandler} delivers it where each message has a
 * sender of its own: around {@code AttestedBytes}, {@code AttestedMessage} and {@code AttestedDatagram}.
 *
 * <p>It has the reference count of the message that it is around.
 */
public final class AuthorizedMessage implements ReferenceCounted {
    private final Object message;
    private final PeerAccess access;

    /** Takes over one reference of the message. */
    AuthorizedMessage(Object message, PeerAccess access) {
        this.message = message;
        this.access = access;
    }

    /**
     * Returns the message with its credentials.
     *
     * @return the envelope that came in
     */
    public Object message() {
        return message;
    }

    /**
     * Returns what its sender may do.
     *
     * @return decision and grants
     */
    public PeerAccess access() {
        return access;
    }

    @Override
    public int refCnt() {
        return ReferenceCountUtil.refCnt(message);
    }

    @Override
    public AuthorizedMessage retain() {
        ReferenceCountUtil.retain(message);
        return this;
    }

    @Override
    public AuthorizedMessage retain(int increment) {
        ReferenceCountUtil.retain(message, increment);
        return this;
    }

    @Override
    public AuthorizedMessage touch() {
        ReferenceCountUtil.touch(message);
        return this;
    }

    @Override
    public AuthorizedMessage touch(Object hint) {
        ReferenceCountUtil.touch(message, hint);
        return this;
    }

    @Override
    public boolean release() {
        return ReferenceCountUtil.release(message);
    }

    @Override
    public boolean release(int decrement) {
        return ReferenceCountUtil.release(message, decrement);
    }

    @Override
    public String toString() {
        return "AuthorizedMessage(" + message + ", " + access + ')';
    }
}
