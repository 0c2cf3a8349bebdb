// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.Objects;

/** A transport that does on each channel what a test has put there. */
public final class ScriptedTransport implements PeerCredentialsTransport {
    private static final AttributeKey<Script> KEY = AttributeKey.valueOf(ScriptedTransport.class.getName());

    /** Made by {@link java.util.ServiceLoader}. */
    public ScriptedTransport() {}

    @FunctionalInterface
    interface Script {
        PeerCredentialsResult capture(CaptureRequest request, CredentialsFactory factory);
    }

    static void set(Channel channel, Script script) {
        channel.attr(KEY).set(script);
    }

    @Override
    public boolean serves(Channel channel) {
        return channel.hasAttr(KEY);
    }

    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return Objects.requireNonNull(channel.attr(KEY).get()).capture(request, factory);
    }
}
