// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A message that was decoded of the bytes of one sender alone, and who that is: what an {@link AttestedDecoder} delivers. Ask it, and
 * nothing else, on whose behalf to act: there is no "current sender" of a channel.
 *
 * <p>It owns the message: the last {@link #release()} releases it, if it is reference counted, and a process handle that came with
 * its bytes. To pass the message on by itself, retain it before.
 */
public final class AttestedMessage extends AbstractReferenceCounted {
    private final Object message;
    private final PeerCredentialsResult credentials;
    private final @Nullable SharedProcess process;

    /** Takes over one reference of the message and of the process. */
    AttestedMessage(Object message, PeerCredentialsResult credentials, @Nullable SharedProcess process) {
        this.message = message;
        this.credentials = credentials;
        this.process = process;
    }

    /**
     * Returns what was decoded.
     *
     * @return the message, which this envelope owns
     */
    public Object message() {
        return message;
    }

    /**
     * Returns who sent every byte of the message, as {@link AttestedBytes#credentials()} does.
     *
     * @return credentials or absence
     */
    public PeerCredentialsResult credentials() {
        return credentials;
    }

    @Override
    public AttestedMessage retain() {
        super.retain();
        return this;
    }

    @Override
    public AttestedMessage retain(int increment) {
        super.retain(increment);
        return this;
    }

    @Override
    public AttestedMessage touch() {
        ReferenceCountUtil.touch(message);
        return this;
    }

    @Override
    public AttestedMessage touch(Object hint) {
        ReferenceCountUtil.touch(message, hint);
        return this;
    }

    @Override
    protected void deallocate() {
        try {
            ReferenceCountUtil.release(message);
        } finally {
            if (process != null) {
                process.release();
            }
        }
    }

    /** One line for logs, without the message. */
    @Override
    public String toString() {
        return "AttestedMessage(" + message.getClass().getName() + ", " + credentials + ')';
    }
}
