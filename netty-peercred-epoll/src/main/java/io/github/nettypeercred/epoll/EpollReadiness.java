// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.github.nettypeercred.jni.MessageSending;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A wait until a descriptor is readable or writable, beside the registrations of channels: epoll(7), which takes a descriptor once. It names
 * what Netty 4.1 has not; that version never gets here.
 */
final class EpollReadiness implements EpollIoHandle {
    private final FileDescriptor descriptor;
    private final EpollIoOps what;
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;

    private EpollReadiness(FileDescriptor descriptor, EpollIoOps what, Promise<Void> promise) {
        this.descriptor = descriptor;
        this.what = what;
        this.promise = promise;
    }

    /** Takes the descriptor over, unless the event loop is not one of epoll: then it returns null. */
    static @Nullable Future<Void> awaitReadable(EventLoop any, FileDescriptor descriptor) {
        return any instanceof IoEventLoop loop && loop.isCompatible(EpollReadiness.class)
                ? await(loop, descriptor, EpollIoOps.EPOLLIN)
                : null;
    }

    /** Waits with a copy of the channel's descriptor. */
    static Future<Void> awaitWritable(UnixChannel channel) throws IOException {
        FileDescriptor copy =
                new FileDescriptor(MessageSending.duplicate(channel.fd().intValue()));
        return await((IoEventLoop) channel.eventLoop(), copy, EpollIoOps.EPOLLOUT);
    }

    private static Future<Void> await(IoEventLoop loop, FileDescriptor descriptor, EpollIoOps what) {
        Promise<Void> promise = loop.newPromise();
        EpollReadiness wait = new EpollReadiness(descriptor, what, promise);
        // On the loop: the descriptor must not be closed, and its number become another's, before it is registered.
        promise.addListener(done -> wait.end());
        loop.register(wait).addListener((Future<IoRegistration> registered) -> wait.begin(registered));
        return promise;
    }

    private void begin(Future<IoRegistration> registered) {
        if (!registered.isSuccess()) {
            promise.tryFailure(registered.cause());
            return;
        }
        registration = registered.getNow();
        if (promise.isDone()) {
            end();
            return;
        }
        try {
            registration.submit(what);
        } catch (RuntimeException e) {
            promise.tryFailure(e);
        }
    }

    private void end() {
        if (registration != null) {
            registration.cancel(); // while the descriptor is open, or epoll keeps it
            registration = null;
        }
        try {
            descriptor.close();
        } catch (IOException e) {
            // It is closed all the same: close(2).
        }
    }

    @Override
    public FileDescriptor fd() {
        return descriptor;
    }

    @Override
    public void handle(IoRegistration by, IoEvent event) {
        promise.trySuccess(null);
    }

    /** Called when the event loop shuts down. */
    @Override
    public void close() {
        promise.cancel(false);
    }
}
