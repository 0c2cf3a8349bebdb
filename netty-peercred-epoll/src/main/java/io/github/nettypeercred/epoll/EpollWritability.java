// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.epoll;

import io.github.nettypeercred.jni.MessageSending;
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
 * A wait until a socket takes bytes, beside the channel's own registration: epoll(7) takes a descriptor once, so it is of a copy. The
 * one class that names what Netty 4.1 has not; that version never gets here.
 */
final class EpollWritability implements EpollIoHandle {
    private final FileDescriptor copy;
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;

    private EpollWritability(FileDescriptor copy, Promise<Void> promise) {
        this.copy = copy;
        this.promise = promise;
    }

    static Future<Void> await(UnixChannel channel) throws IOException {
        IoEventLoop loop = (IoEventLoop) channel.eventLoop();
        FileDescriptor copy =
                new FileDescriptor(MessageSending.duplicate(channel.fd().intValue()));
        Promise<Void> promise = loop.newPromise();
        EpollWritability wait = new EpollWritability(copy, promise);
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
            registration.submit(EpollIoOps.EPOLLOUT);
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
            copy.close();
        } catch (IOException e) {
            promise.tryFailure(e); // it is closed all the same: close(2)
        }
    }

    @Override
    public FileDescriptor fd() {
        return copy;
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
