// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.iouring;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A wait until a descriptor is readable or writable, beside the registrations of channels: io_uring_enter(2), IORING_OP_POLL_ADD. */
final class IoUringReadiness implements IoUringIoHandle {
    private static final byte POLL_ADD = 6;
    private static final byte ASYNC_CANCEL = 14;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;

    private final FileDescriptor descriptor;
    private final int events;
    private final boolean owned; // to be closed
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;
    private long poll; // its id while it is in the ring; else 0

    private IoUringReadiness(FileDescriptor descriptor, int events, boolean owned, Promise<Void> promise) {
        this.descriptor = descriptor;
        this.events = events;
        this.owned = owned;
        this.promise = promise;
    }

    /** Takes the descriptor over, unless the event loop is not one of io_uring: then it returns null. */
    static @Nullable Future<Void> awaitReadable(EventLoop any, FileDescriptor descriptor) {
        return any instanceof IoEventLoop loop && loop.isCompatible(IoUringReadiness.class)
                ? await(loop, descriptor, POLLIN, true)
                : null;
    }

    static Future<Void> awaitWritable(IoUringDomainSocketChannel channel) {
        return await((IoEventLoop) channel.eventLoop(), channel.fd(), POLLOUT, false);
    }

    private static Future<Void> await(IoEventLoop loop, FileDescriptor descriptor, int events, boolean owned) {
        Promise<Void> promise = loop.newPromise();
        IoUringReadiness wait = new IoUringReadiness(descriptor, events, owned, promise);
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
        poll = registration.submit(operation(POLL_ADD, descriptor.intValue(), 0, events));
        if (poll == 0) {
            promise.tryFailure(new IOException("io_uring takes no poll"));
        }
    }

    private static IoUringIoOps operation(byte opcode, int fd, long address, int flags) {
        return new IoUringIoOps(
                opcode, (byte) 0, (short) 0, fd, 0, address, 0, flags, (long) opcode, (short) 0, (short) 0, 0, 0);
    }

    /** A poll that is left in the ring would keep the descriptor open. */
    private void end() {
        if (registration != null) {
            if (poll != 0) {
                registration.submit(operation(ASYNC_CANCEL, -1, poll, 0));
                poll = 0;
            }
            registration.cancel();
            registration = null;
        }
        if (!owned) {
            return;
        }
        try {
            descriptor.close();
        } catch (IOException e) {
            // It is closed all the same: close(2).
        }
    }

    @Override
    public void handle(IoRegistration by, IoEvent event) {
        IoUringIoEvent completed = (IoUringIoEvent) event;
        if (completed.opcode() != POLL_ADD) {
            return;
        }
        poll = 0;
        if (completed.res() < 0) {
            promise.tryFailure(new IOException("io_uring poll failed (errno " + -completed.res() + ")"));
        } else {
            promise.trySuccess(null);
        }
    }

    /** Called when the event loop shuts down. */
    @Override
    public void close() {
        promise.cancel(false);
    }
}
