// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.netty.buffer.ByteBuf;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import org.jspecify.annotations.Nullable;

/**
 * The reference count of an envelope that owns bytes and a process handle: its last release lets go of one reference to each, also of
 * bytes that somebody else retains.
 */
final class EnvelopeLife extends AbstractReferenceCounted {
    private final ByteBuf content;
    private final SharedProcess process;

    private EnvelopeLife(ByteBuf content, SharedProcess process) {
        this.content = content;
        this.process = process;
    }

    /** Returns the count of an envelope: the bytes' own, unless there is a process handle. */
    static ReferenceCounted of(ByteBuf content, @Nullable SharedProcess process) {
        return process == null ? content : new EnvelopeLife(content, process);
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }

    @Override
    protected void deallocate() {
        try {
            content.release();
        } finally {
            process.release();
        }
    }
}
