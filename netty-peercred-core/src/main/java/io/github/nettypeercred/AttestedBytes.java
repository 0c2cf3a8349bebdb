// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCounted;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of one read of a stream, and who sent them: what an {@link EveryReadHandler} delivers. All of them were sent by one
 * sender, as the kernel ends a read where the sender changes.
 *
 * <p>It owns its bytes, and a {@linkplain UnixPeerCredentials#process() process handle} in its credentials, if the handler was
 * built with {@link EveryReadHandler.Builder#senderProcess() senderProcess()} for senders that may change: the last
 * {@link #release()} lets go of both. Duplicates share the reference count; copies and replacements have their own, and keep the handle
 * open as well. The bytes are not safe for several threads at once; the credentials are immutable.
 *
 * <p>Source: unix(7), SCM_CREDENTIALS.
 */
public final class AttestedBytes implements ByteBufHolder {
    private final ByteBuf content;
    private final PeerCredentialsResult credentials;
    private final @Nullable SharedProcess process;

    /** Whose count is the envelope's: the bytes' own, unless there is a process handle to be let go of with them. */
    private final ReferenceCounted life;

    /** Takes over one reference of each. */
    AttestedBytes(ByteBuf content, PeerCredentialsResult credentials, @Nullable SharedProcess process) {
        this(content, credentials, process, EnvelopeLife.of(content, process));
    }

    private AttestedBytes(
            ByteBuf content,
            PeerCredentialsResult credentials,
            @Nullable SharedProcess process,
            ReferenceCounted life) {
        this.content = content;
        this.credentials = credentials;
        this.process = process;
        this.life = life;
    }

    /**
     * Returns the bytes, which this envelope owns.
     *
     * @return the bytes, never empty as they were read
     * @throws IllegalReferenceCountException if this was released
     */
    @Override
    public ByteBuf content() {
        if (life.refCnt() <= 0) {
            throw new IllegalReferenceCountException(life.refCnt());
        }
        return content;
    }

    /**
     * Returns who sent the bytes: credentials of {@link CredentialSource.Moment#EVERY_READ}, or, only if the handler was built with
     * {@link EveryReadHandler.Builder#admitAbsent() admitAbsent()}, why the sender is not known.
     *
     * @return credentials or absence
     */
    public PeerCredentialsResult credentials() {
        return credentials;
    }

    /** What keeps the process handle open, null if there is none that this owns. */
    @Nullable
    SharedProcess process() {
        return process;
    }

    /**
     * Copies the bytes. The copy is an envelope of the same sender with a reference count of its own.
     *
     * @return a new envelope
     */
    @Override
    public AttestedBytes copy() {
        return replace(content().copy());
    }

    /**
     * Returns an envelope around a duplicate of the bytes, with this one's reference count, which stays as it is.
     *
     * @return an envelope of the same sender
     */
    @Override
    public AttestedBytes duplicate() {
        return new AttestedBytes(content().duplicate(), credentials, process, life);
    }

    /**
     * Returns an envelope around a duplicate of the bytes, with this one's reference count, which goes up by one.
     *
     * @return an envelope of the same sender
     */
    @Override
    public AttestedBytes retainedDuplicate() {
        return duplicate().retain();
    }

    /**
     * Returns an envelope with other bytes and these credentials: the caller says by that that their sender is the same.
     *
     * @param newContent the bytes, which pass into the new envelope's ownership; this one's stay as they are
     * @return a new envelope
     */
    @Override
    public AttestedBytes replace(ByteBuf newContent) {
        Objects.requireNonNull(newContent, "content");
        if (process != null) {
            process.retain();
        }
        return new AttestedBytes(newContent, credentials, process);
    }

    @Override
    public int refCnt() {
        return life.refCnt();
    }

    @Override
    public AttestedBytes retain() {
        life.retain();
        return this;
    }

    @Override
    public AttestedBytes retain(int increment) {
        life.retain(increment);
        return this;
    }

    @Override
    public AttestedBytes touch() {
        content.touch();
        return this;
    }

    @Override
    public AttestedBytes touch(Object hint) {
        content.touch(hint);
        return this;
    }

    @Override
    public boolean release() {
        return life.release();
    }

    @Override
    public boolean release(int decrement) {
        return life.release(decrement);
    }

    /** One line for logs, without the bytes. */
    @Override
    public String toString() {
        return "AttestedBytes(" + (refCnt() > 0 ? content.readableBytes() + " bytes" : "released") + ", " + credentials
                + ')';
    }
}
