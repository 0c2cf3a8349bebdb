// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.iouring;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A wait until a socket takes bytes, beside the channel's own registration: io_uring_enter(2), IORING_OP_POLL_ADD. */
final class IoUringWritability implements IoUringIoHandle {
    private static final byte POLL_ADD = 6;
    private static final byte ASYNC_CANCEL = 14;
    private static final int POLLOUT = 4;

    private final int fd;
    private final Promise<Void> promise;
    private @Nullable IoRegistration registration;
    private long poll; // its id while it is in the ring; else 0

    private IoUringWritability(int fd, Promise<Void> promise) {
        this.fd = fd;
        this.promise = promise;
    }

    static Future<Void> await(IoUringDomainSocketChannel channel) {
        IoEventLoop loop = (IoEventLoop) channel.eventLoop();
        Promise<Void> promise = loop.newPromise();
        IoUringWritability wait = new IoUringWritability(channel.fd().intValue(), promise);
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
        poll = registration.submit(operation(POLL_ADD, fd, 0, POLLOUT));
        if (poll == 0) {
            promise.tryFailure(new IOException("io_uring takes no poll"));
        }
    }

    private static IoUringIoOps operation(byte opcode, int fd, long address, int flags) {
        return new IoUringIoOps(
                opcode, (byte) 0, (short) 0, fd, 0, address, 0, flags, (long) opcode, (short) 0, (short) 0, 0, 0);
    }

    /** A poll that is left in the ring would keep the socket open. */
    private void end() {
        if (registration != null) {
            if (poll != 0) {
                registration.submit(operation(ASYNC_CANCEL, -1, poll, 0));
                poll = 0;
            }
            registration.cancel();
            registration = null;
        }
    }

    @Override
    public void handle(IoRegistration by, IoEvent event) {
        if (((IoUringIoEvent) event).opcode() == POLL_ADD) {
            poll = 0;
            promise.trySuccess(null);
        }
    }

    /** Called when the event loop shuts down. */
    @Override
    public void close() {
        promise.cancel(false);
    }
}
