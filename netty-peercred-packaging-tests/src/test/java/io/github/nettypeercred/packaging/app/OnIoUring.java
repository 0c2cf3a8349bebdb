// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.iouring.IoUringPeerCredentials;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;

/** Says whether credentials are to be had on io_uring, and where Netty's transport is there connects to itself, unless there is an argument. */
public final class OnIoUring {
    private OnIoUring() {}

    public static void main(String[] args) throws Exception {
        System.out.println("available=" + IoUringPeerCredentials.isAvailable());
        Throwable cause = IoUringPeerCredentials.unavailabilityCause();
        System.out.println("cause=" + (cause == null ? "none" : cause.getMessage()));
        try {
            IoUringPeerCredentials.ensureAvailability();
            System.out.println("ensured");
        } catch (UnsatisfiedLinkError e) {
            System.out.println("ensure failed=" + e.getMessage());
        }
        if (args.length == 0 && IoUring.isAvailable()) {
            SelfConnection.run(
                    new MultiThreadIoEventLoopGroup(1, IoUringIoHandler.newFactory()),
                    IoUringServerDomainSocketChannel.class,
                    IoUringDomainSocketChannel.class);
        }
    }
}
