// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.iouring;

import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A wait until a descriptor that is no channel's is readable: io_uring_enter(2), IORING_OP_POLL_ADD. */
final class IoUringReadability implements IoUringIoHandle {
    private static final byte POLL_ADD = 6;
    private static final byte ASYNC_CANCEL = 14;
    private static final int POLLIN = 1;

    private final FileDescriptor descriptor;
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;
    private long poll; // its id while it is in the ring; else 0

    private IoUringReadability(FileDescriptor descriptor, Promise<Void> promise) {
        this.descriptor = descriptor;
        this.promise = promise;
    }

    /** Takes the descriptor over, unless the event loop is not one of io_uring: then it returns null. */
    static @Nullable Future<Void> await(EventLoop any, FileDescriptor descriptor) {
        if (!(any instanceof IoEventLoop loop) || !loop.isCompatible(IoUringReadability.class)) {
            return null;
        }
        Promise<Void> promise = loop.newPromise();
        IoUringReadability wait = new IoUringReadability(descriptor, promise);
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
        poll = registration.submit(operation(POLL_ADD, descriptor.intValue(), 0, POLLIN));
        if (poll == 0) {
            promise.tryFailure(new IOException("io_uring takes no poll"));
        }
    }

    private static IoUringIoOps operation(byte opcode, int fd, long address, int flags) {
        return new IoUringIoOps(
                opcode, (byte) 0, (short) 0, fd, 0, address, 0, flags, (long) opcode, (short) 0, (short) 0, 0, 0);
    }

    /** A poll that is left in the ring would keep the process descriptor open. */
    private void end() {
        if (registration != null) {
            if (poll != 0) {
                registration.submit(operation(ASYNC_CANCEL, -1, poll, 0));
                poll = 0;
            }
            registration.cancel();
            registration = null;
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
