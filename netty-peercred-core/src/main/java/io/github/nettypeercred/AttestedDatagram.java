// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCounted;

/**
 * A datagram of a Unix domain socket together with the kernel's word about who sent it. An {@link AttestedDatagramHandler}
 * delivers it, or a channel that has one; there is no public way to make one.
 *
 * <p>Release it as any message. Its process handle, if it was asked for, closes with the last release of the datagram and its
 * duplicates, whoever retains its content: so release the datagram, and not its content alone.
 *
 * <p>Source: unix(7), recvmsg(2).
 */
public final class AttestedDatagram implements AddressedEnvelope<ByteBuf, DomainSocketAddress>, ByteBufHolder {
    static final DomainSocketAddress UNNAMED = new DomainSocketAddress("");

    private final ByteBuf content;
    private final DomainSocketAddress sender;
    private final DomainSocketAddress recipient;
    private final PeerCredentialsResult credentials;
    private final int originalLength;
    private final boolean truncated;

    /** Whose count is the datagram's: the bytes' own, unless there is a process handle to be let go of with them. */
    private final ReferenceCounted life;

    AttestedDatagram(
            ByteBuf content,
            DomainSocketAddress sender,
            DomainSocketAddress recipient,
            PeerCredentialsResult credentials,
            int originalLength,
            boolean truncated) {
        this(
                content,
                sender,
                recipient,
                credentials,
                originalLength,
                truncated,
                EnvelopeLife.of(content, SharedProcess.of(credentials)));
    }

    private AttestedDatagram(
            ByteBuf content,
            DomainSocketAddress sender,
            DomainSocketAddress recipient,
            PeerCredentialsResult credentials,
            int originalLength,
            boolean truncated,
            ReferenceCounted life) {
        this.content = content;
        this.sender = sender;
        this.recipient = recipient;
        this.credentials = credentials;
        this.originalLength = originalLength;
        this.truncated = truncated;
        this.life = life;
    }

    /**
     * Returns the bytes of the datagram. There may be none: an empty datagram is a message like any other.
     *
     * @return the bytes
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
     * Returns the address that the sender's socket is bound to. It is the sender's choice, and attests nothing.
     *
     * @return its path, or an abstract name, which begins with a NUL character; the path "" if it is bound to none, {@link
     *     #hasSenderAddress()}. What is not UTF-8 in it is replaced, as Netty does
     */
    @Override
    public DomainSocketAddress sender() {
        return sender;
    }

    /**
     * Tells whether the sender's socket is bound to an address, to which an answer can be sent.
     *
     * @return whether it is
     */
    public boolean hasSenderAddress() {
        return !sender.path().isEmpty();
    }

    /**
     * Returns the address of the channel that received the datagram.
     *
     * @return its path, or an abstract name, which begins with a NUL character; the path "" if it is bound to none
     */
    @Override
    public DomainSocketAddress recipient() {
        return recipient;
    }

    /**
     * Returns who sent the datagram: {@code SCM_CREDENTIALS}, of moment {@link CredentialSource.Moment#DATAGRAM}.
     *
     * @return credentials, or an absence: {@link AbsenceReason#UNMAPPED} if the user or group has no id in this user
     *     namespace, {@link AbsenceReason#RACED} if it was sent before the kernel attested senders or read without a look at
     *     its sender
     */
    public PeerCredentialsResult credentials() {
        return credentials;
    }

    /**
     * Returns how many bytes were sent, with those that the channel's buffer had no room for.
     *
     * @return 0 or more; of a datagram that was read without a look ({@link AbsenceReason#RACED}), how many were read
     */
    public int originalLength() {
        return originalLength;
    }

    /**
     * Tells whether the end of the datagram is lost, because the channel's buffer had no room for it.
     *
     * @return whether it is; of one that was read without a look ({@link AbsenceReason#RACED}), whether it may be
     */
    public boolean truncated() {
        return truncated;
    }

    /** Returns a datagram with a copy of the bytes. It shares the process handle, which closes with this datagram. */
    @Override
    public AttestedDatagram copy() {
        return replace(content().copy());
    }

    /** Returns a datagram with the same bytes and reference count, and indices of its own. */
    @Override
    public AttestedDatagram duplicate() {
        return with(content().duplicate(), life);
    }

    /** Returns a datagram with the same bytes and reference count, which is one more from now on, and indices of its own. */
    @Override
    public AttestedDatagram retainedDuplicate() {
        return duplicate().retain();
    }

    /** Returns a datagram with other bytes. It shares the process handle, which closes with this datagram. */
    @Override
    public AttestedDatagram replace(ByteBuf newContent) {
        return with(newContent, newContent);
    }

    private AttestedDatagram with(ByteBuf newContent, ReferenceCounted newLife) {
        return new AttestedDatagram(newContent, sender, recipient, credentials, originalLength, truncated, newLife);
    }

    @Override
    public int refCnt() {
        return life.refCnt();
    }

    @Override
    public AttestedDatagram retain() {
        life.retain();
        return this;
    }

    @Override
    public AttestedDatagram retain(int increment) {
        life.retain(increment);
        return this;
    }

    @Override
    public AttestedDatagram touch() {
        content.touch();
        return this;
    }

    @Override
    public AttestedDatagram touch(Object hint) {
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
        return "AttestedDatagram(" + credentials + ", " + originalLength + " bytes" + (truncated ? ", truncated" : "")
                + (hasSenderAddress() ? ", from " + Printable.of(sender.path()) : "") + ')';
    }
}
