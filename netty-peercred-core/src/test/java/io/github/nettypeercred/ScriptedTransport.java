// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.github.nettypeercred.spi.PeerCredentialsTransport;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A transport that does on each channel what a test has put there. */
public final class ScriptedTransport implements PeerCredentialsTransport {
    private static final AttributeKey<Script> KEY = AttributeKey.valueOf(ScriptedTransport.class.getName());

    private static final AttributeKey<Looks> LOOKS = AttributeKey.valueOf(ScriptedTransport.class.getName() + ".looks");

    /** Made by {@link java.util.ServiceLoader}. */
    public ScriptedTransport() {}

    private static final AttributeKey<Absence> EVERY_READ =
            AttributeKey.valueOf(ScriptedTransport.class.getName() + ".everyRead");

    @FunctionalInterface
    interface Script {
        PeerCredentialsResult capture(CaptureRequest request, CredentialsFactory factory);
    }

    /** What a look at the next read sees; null for nothing. */
    @FunctionalInterface
    interface Looks {
        @Nullable
        PeerCredentialsResult look(CaptureRequest request, CredentialsFactory factory);
    }

    /** Has looks at the reads of a channel see what a test says. */
    static void setLooks(Channel channel, Looks looks) {
        channel.attr(LOOKS).set(looks);
    }

    /** Has the sender of every read refused, though not of the first. */
    static void refuseEveryRead(Channel channel, Absence absence) {
        channel.attr(EVERY_READ).set(absence);
    }

    static void set(Channel channel, Script script) {
        channel.attr(KEY).set(script);
    }

    @Override
    public boolean serves(Channel channel) {
        return channel.hasAttr(KEY) || channel.hasAttr(LOOKS);
    }

    @Override
    public PeerCredentialsResult capture(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return Objects.requireNonNull(channel.attr(KEY).get()).capture(request, factory);
    }

    @Override
    public @Nullable Absence attestReads(Channel channel, CaptureRequest request) {
        return null;
    }

    @Override
    public @Nullable Absence attestEveryRead(Channel channel, CaptureRequest request) {
        return channel.attr(EVERY_READ).get();
    }

    @Override
    public @Nullable PeerCredentialsResult peek(Channel channel, CaptureRequest request, CredentialsFactory factory) {
        return Objects.requireNonNull(channel.attr(LOOKS).get()).look(request, factory);
    }
}
