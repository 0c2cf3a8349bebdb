// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A client of Netty's on an event loop of its own. */
final class TestClient implements AutoCloseable {
    private final EventLoopGroup group;
    private final Channel channel;

    private TestClient(EventLoopGroup group, Channel channel) {
        this.group = group;
        this.channel = channel;
    }

    static TestClient connect(TestTransport transport, String path, Consumer<Channel> pipeline) {
        EventLoopGroup group = transport.newGroup(1);
        Channel channel = new Bootstrap()
                .group(group)
                .channel(transport.clientChannel())
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel made) {
                        pipeline.accept(made);
                    }
                })
                .connect(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
        return new TestClient(group, channel);
    }

    Channel channel() {
        return channel;
    }

    /** Does something on the event loop, and waits until it is done. */
    void onEventLoop(Runnable action) {
        channel.eventLoop().submit(action).syncUninterruptibly();
    }

    @Override
    public void close() {
        if (!group.isShuttingDown()) {
            channel.close().syncUninterruptibly();
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
