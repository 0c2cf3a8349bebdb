// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A wait until a descriptor that is no channel's is readable: epoll(7). It names what Netty 4.1 has not, which never gets here. */
final class EpollReadability implements EpollIoHandle {
    private final FileDescriptor descriptor;
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;

    private EpollReadability(FileDescriptor descriptor, Promise<Void> promise) {
        this.descriptor = descriptor;
        this.promise = promise;
    }

    /** Takes the descriptor over, unless the event loop is not one of epoll: then it returns null. */
    static @Nullable Future<Void> await(EventLoop any, FileDescriptor descriptor) {
        if (!(any instanceof IoEventLoop loop) || !loop.isCompatible(EpollReadability.class)) {
            return null;
        }
        Promise<Void> promise = loop.newPromise();
        EpollReadability wait = new EpollReadability(descriptor, promise);
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
            registration.submit(EpollIoOps.EPOLLIN);
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
