// SPDX-License-Identifier: Apache-2.0
package io.netty.channel.kqueue;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import java.nio.file.Path;

/**
 * Runs Netty's kqueue channels on Linux: what they submit to kqueue(2) becomes a registration with epoll(7), level-triggered as
 * theirs is, and what epoll says comes to them as events of kqueue with FreeBSD's numbers. Their own code reads, writes and accepts.
 * What a BSD does otherwise, this does not show. In Netty's package for the types that no other sees.
 */
public final class KQueueOnEpoll implements IoHandler {
    private static final EpollIoOps NOTHING = EpollIoOps.EPOLLERR; // which is always told
    private static final EpollIoOps HANGUP = EpollIoOps.valueOf(0x10); // EPOLLHUP

    private final IoHandler epoll;
    private final NativeArrays arrays = new NativeArrays();

    private KQueueOnEpoll(IoHandler epoll) {
        this.epoll = epoll;
    }

    /**
     * Loads the numbers that Netty's classes take from their native library, from the file that a system property names.
     *
     * @return makes the handlers of event loops
     */
    public static IoHandlerFactory newFactory() {
        Epoll.ensureAvailability(); // first: its library has what all Unix channels share
        System.load(
                Path.of(System.getProperty("kqueue.numbers")).toAbsolutePath().toString());
        IoHandlerFactory own = EpollIoHandler.newFactory();
        return executor -> new KQueueOnEpoll(own.newHandler(executor));
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return epoll.run(context);
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
        arrays.free();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        Registration registration = new Registration((KQueueIoHandle) handle);
        registration.own = epoll.register(registration);
        return registration;
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return KQueueIoHandle.class.isAssignableFrom(handleType);
    }

    @SuppressWarnings("try") // close() is of Netty's event loops
    private final class Registration implements EpollIoHandle, IoRegistration {
        private final KQueueIoHandle handle;
        private final FileDescriptor descriptor;
        private IoRegistration own;
        private boolean reads;
        private boolean writes;
        private boolean quiet;

        Registration(KQueueIoHandle handle) {
            this.handle = handle;
            descriptor = new FileDescriptor(handle.ident());
        }

        @Override
        public long submit(IoOps ops) {
            KQueueIoOps change = (KQueueIoOps) ops;
            boolean on = (change.flags() & Native.EV_ADD) != 0;
            if (change.filter() == Native.EVFILT_READ) {
                reads = on;
            } else if (change.filter() == Native.EVFILT_WRITE) {
                writes = on;
            } else {
                return 0; // EVFILT_SOCK, which only macOS has
            }
            if ((change.flags() & Native.EV_CLEAR) != 0) {
                throw new UnsupportedOperationException("edge-triggered: " + ops);
            }
            EpollIoOps wanted = NOTHING;
            if (reads) {
                wanted = wanted.with(EpollIoOps.EPOLLIN).with(EpollIoOps.EPOLLRDHUP);
            }
            if (writes) {
                wanted = wanted.with(EpollIoOps.EPOLLOUT);
            }
            quiet = false;
            own.submit(wanted);
            return 0;
        }

        @Override
        public void handle(IoRegistration by, IoEvent event) {
            EpollIoOps ready = ((EpollIoEvent) event).ops();
            boolean gone = ready.contains(HANGUP);
            boolean ended = gone || ready.contains(EpollIoOps.EPOLLRDHUP);
            boolean failed = ready.contains(EpollIoOps.EPOLLERR);
            if (!reads && !writes && !quiet) {
                quiet = true; // without a filter kqueue would not tell: let epoll tell once
                own.submit(NOTHING.with(EpollIoOps.EPOLLET));
            }
            if (writes && (gone || failed || ready.contains(EpollIoOps.EPOLLOUT))) {
                tell(Native.EVFILT_WRITE, gone);
            }
            if (reads && own.isValid() && (ended || failed || ready.contains(EpollIoOps.EPOLLIN))) {
                tell(Native.EVFILT_READ, ended);
            }
        }

        private void tell(short filter, boolean ended) {
            handle.handle(
                    this, KQueueIoEvent.newEvent(handle.ident(), filter, ended ? Native.EV_EOF : (short) 0, 0, 0, 0));
        }

        @Override
        public FileDescriptor fd() {
            return descriptor;
        }

        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as Netty has it
        public <T> T attachment() {
            return (T) arrays;
        }

        @Override
        public boolean isValid() {
            return own.isValid();
        }

        @Override
        public boolean cancel() {
            return own.cancel();
        }

        @Override
        public void registered() {
            handle.registered();
        }

        @Override
        public void unregistered() {
            handle.unregistered();
        }

        @Override
        public void close() throws Exception {
            handle.close();
        }
    }
}
