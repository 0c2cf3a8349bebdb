// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** A transport whose looks at the datagrams of a channel see what a test has put there, one after the other, and then nothing. */
public final class ScriptedDatagrams implements PeerCredentialsTransport {
    private static final AttributeKey<Queue<PeekedDatagram>> KEY =
            AttributeKey.valueOf(ScriptedDatagrams.class.getName());

    /** Made by {@link java.util.ServiceLoader}. */
    public ScriptedDatagrams() {}

    static Queue<PeekedDatagram> on(Channel channel) {
        Queue<PeekedDatagram> looks = new ArrayDeque<>();
        channel.attr(KEY).set(looks);
        return looks;
    }

    @Override
    public boolean serves(Channel channel) {
        return false;
    }

    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        throw new IllegalStateException("not asked for");
    }

    @Override
    public boolean servesDatagrams(Channel channel) {
        return channel.hasAttr(KEY);
    }

    @Override
    public @Nullable Absence attestDatagrams(Channel channel, CaptureRequest request) {
        return null;
    }

    @Override
    public @Nullable PeekedDatagram peekDatagram(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return channel.attr(KEY).get().poll();
    }
}
