// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.EveryReadHandler;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.SendCredentialsHandler;
import io.github.nettypeercred.sasl.ExternalClientHandler;
import io.github.nettypeercred.sasl.ExternalEvent;
import io.github.nettypeercred.sasl.ExternalServerHandler;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** On which credentials a login may rest: those of connect(2), of the NUL byte, or of every byte. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MomentsTest {
    private static final String GUID = "0123456789abcdef0123456789abcdef";

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    /** A handler that captures, and what its credentials say of their source. */
    enum Capture {
        CONNECT(Moment.CONNECT, "SO_PEERCRED/CONNECT/EFFECTIVE") {
            @Override
            ChannelHandler handler() {
                return new PeerCredentialsHandler();
            }
        },
        FIRST_READ(Moment.FIRST_READ, "SCM_CREDENTIALS/FIRST_READ/SENDER_CHOSEN") {
            @Override
            ChannelHandler handler() {
                return PeerCredentialsHandler.builder().firstRead().build();
            }
        },
        EVERY_READ(Moment.EVERY_READ, "SCM_CREDENTIALS/EVERY_READ/SENDER_CHOSEN") {
            @Override
            ChannelHandler handler() {
                return EveryReadHandler.builder().plainBytes().build();
            }
        };

        private final Moment moment;
        private final String source;

        Capture(Moment moment, String source) {
            this.moment = moment;
            this.source = source;
        }

        abstract ChannelHandler handler();
    }

    private Path serve(Capture capture) throws IOException {
        Path path = SocketFolder.create().resolve("socket");
        path.toFile().deleteOnExit();
        ExternalServerHandler.Builder external =
                ExternalServerHandler.builder().guid(GUID).moment(capture.moment);
        new ServerBootstrap()
                .group(group)
                .channel(EpollServerDomainSocketChannel.class)
                .handler(PeerCredentialsAcceptHandler.builder().firstRead().build())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(capture.handler(), external.build());
                        channel.pipeline().addLast(new MethodCallDecoder(), new WhoAmIHandler(GUID));
                    }
                })
                .bind(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
        return path;
    }

    private void stop() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @ParameterizedTest
    @EnumSource
    void clients_areKnownByAnyMoment(Capture capture) throws IOException {
        Program.needRoot();
        Program.need("busctl", "systemd");
        Program.need("gdbus", "libglib2.0-bin");
        Program.need("dbus-send", "dbus-bin");
        String address = "unix:path=" + serve(capture);
        String name = "io.github.nettypeercred.WhoAmI";
        for (List<String> command : List.of(
                List.of("busctl", "--address=" + address, "call", "x.y", "/", name, "WhoAmI"),
                List.of("gdbus", "call", "--address", address, "--dest", "x.y", "-o", "/", "-m", name + ".WhoAmI"),
                List.of("dbus-send", "--peer=" + address, "--print-reply", "/", name + ".WhoAmI"))) {
            Program run = Program.run(Program.as(65533, 1234), command);
            assertThat(run.output())
                    .contains("uid=65533 gid=1234 pid=" + run.pid() + " source=" + capture.source)
                    .as(run.toString());
        }
        stop();
    }

    /** Root attaches what it likes to the NUL byte, but cannot have connected as another. */
    @Test
    void root_isWhomItNamesByItsNulByteAndNotByItsConnection() throws Exception {
        Program.needRoot();
        assertThat(loginAs65533(serve(Capture.FIRST_READ))).isEqualTo(new ExternalEvent.LoggedIn(GUID, false));
        assertThat(loginAs65533(serve(Capture.CONNECT)))
                .isEqualTo(
                        new ExternalEvent.Failed(ExternalEvent.Reason.REJECTED, "the server says REJECTED EXTERNAL"));
        stop();
    }

    private ExternalEvent loginAs65533(Path path) throws Exception {
        CompletableFuture<ExternalEvent> outcome = new CompletableFuture<>();
        Channel client = new Bootstrap()
                .group(group)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        SendCredentialsHandler.builder()
                                                .as(65533, 65533)
                                                .build(),
                                        ExternalClientHandler.builder()
                                                .uid(65533)
                                                .build(),
                                        new ChannelInboundHandlerAdapter() {
                                            @Override
                                            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                                                outcome.complete((ExternalEvent) evt);
                                            }
                                        });
                    }
                })
                .connect(new DomainSocketAddress(path.toFile()))
                .syncUninterruptibly()
                .channel();
        ExternalEvent event = outcome.get(30, TimeUnit.SECONDS);
        client.close().syncUninterruptibly();
        return event;
    }
}
