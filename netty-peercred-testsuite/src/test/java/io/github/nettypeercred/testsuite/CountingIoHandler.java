// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.concurrent.atomic.AtomicLong;

/** A transport's own handler of events, with a count of how often it had any: each is a return of epoll_wait(2) or the like. */
final class CountingIoHandler implements IoHandler {
    private final IoHandler own;
    private final AtomicLong wakeUps;

    private CountingIoHandler(IoHandler own, AtomicLong wakeUps) {
        this.own = own;
        this.wakeUps = wakeUps;
    }

    static IoHandlerFactory counting(IoHandlerFactory own, AtomicLong wakeUps) {
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new CountingIoHandler(own.newHandler(executor), wakeUps);
            }

            @Override
            public boolean isChangingThreadSupported() {
                return own.isChangingThreadSupported();
            }
        };
    }

    @Override
    public void initialize() {
        own.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        int handled = own.run(context);
        if (handled > 0) {
            wakeUps.incrementAndGet();
        }
        return handled;
    }

    @Override
    public void prepareToDestroy() {
        own.prepareToDestroy();
    }

    @Override
    public void destroy() {
        own.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return own.register(handle);
    }

    @Override
    public void wakeup() {
        own.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return own.isCompatible(handleType);
    }
}
