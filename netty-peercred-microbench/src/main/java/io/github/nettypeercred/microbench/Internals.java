// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.spi.CaptureRequest;
import io.github.nettypeercred.spi.CredentialsFactory;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.netty.util.DefaultAttributeMap;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.GenericFutureListener;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Array;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The capture that the handlers run, which has no public entry of its own, and what makes a channel forget it, so that the
 * next one runs in full. A handle in a static final field compiles to the call itself.
 */
final class Internals {
    private static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.UnixPeerCredentials");
    /** What makes credentials out of a transport's answer. */
    static final CredentialsFactory FACTORY;

    private static final MethodHandle CAPTURE;
    private static final MethodHandle SET_ATTRIBUTES;
    private static final Object NO_ATTRIBUTES;
    private static final MethodHandle SET_LISTENER;

    static {
        try {
            Class<?> connectTime = Class.forName(UnixPeerCredentials.class.getPackageName() + ".ConnectTime");
            MethodHandles.Lookup core = MethodHandles.privateLookupIn(connectTime, MethodHandles.lookup());
            FACTORY = (CredentialsFactory) core.findStaticVarHandle(connectTime, "CONNECT", connectTime)
                    .get();
            CAPTURE = core.findVirtual(
                            connectTime,
                            "capture",
                            MethodType.methodType(PeerCredentialsResult.class, Channel.class, CaptureRequest.class))
                    .bindTo(FACTORY);
            Class<?> attribute = Class.forName(DefaultAttributeMap.class.getName() + "$DefaultAttribute");
            NO_ATTRIBUTES = Array.newInstance(attribute, 0);
            SET_ATTRIBUTES = plainSetter(DefaultAttributeMap.class, "attributes", attribute.arrayType());
            SET_LISTENER = plainSetter(DefaultPromise.class, "listener", GenericFutureListener.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the class is not as this benchmark knows it", e);
        }
    }

    private Internals() {}

    private static MethodHandle plainSetter(Class<?> owner, String field, Class<?> type)
            throws ReflectiveOperationException {
        return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
                .findVarHandle(owner, field, type)
                .toMethodHandle(VarHandle.AccessMode.SET)
                .asType(MethodType.methodType(void.class, Object.class, Object.class));
    }

    private static void set(MethodHandle setter, Object owner, @Nullable Object value) {
        try {
            setter.invoke(owner, value);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** Captures and stores, as the handlers do. */
    static PeerCredentialsResult capture(Channel channel, CaptureRequest request) {
        try {
            return (PeerCredentialsResult) CAPTURE.invokeExact(channel, request);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** Takes the stored result away, by a plain write, and leaves the channel its attribute. */
    @SuppressWarnings("unchecked")
    static void forgetResult(Channel channel) {
        ((AtomicReference<Object>) (Object) channel.attr(KEY)).setPlain(null);
    }

    /** Takes all attributes away, by a plain write, as if the channel had never had any. */
    static void forgetAttributes(Channel channel) {
        set(SET_ATTRIBUTES, channel, NO_ATTRIBUTES);
    }

    /** Takes the one listener of the close future away, by a plain write. */
    static void forgetListener(Channel channel) {
        set(SET_LISTENER, channel.closeFuture(), null);
    }
}
