// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.SendCredentialsHandler;
import io.github.nettypeercred.sasl.ExternalClientHandler;
import io.github.nettypeercred.sasl.ExternalEvent;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Logs in to a D-Bus server, says Hello, asks a message bus who it takes us for, and prints what it learns. Arguments: the socket's
 * path, the uid to claim or "-" for none, and "attach" to attach credentials.
 */
final class LoginClient {
    private LoginClient() {}

    static Channel login(
            EventLoopGroup group, String path, @Nullable Long uid, boolean attach, ByteToMessageDecoder behind) {
        ExternalClientHandler.Builder login = ExternalClientHandler.builder().unixFds();
        if (uid != null) {
            login.uid(uid);
        }
        return new Bootstrap()
                .group(group)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (attach) {
                            channel.pipeline().addLast(new SendCredentialsHandler());
                        }
                        channel.pipeline().addLast(login.build(), behind);
                    }
                })
                .connect(new DomainSocketAddress(path))
                .syncUninterruptibly()
                .channel();
    }

    public static void main(String[] arguments) {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Long uid = arguments[1].equals("-") ? null : Long.valueOf(arguments[1]);
        login(group, arguments[0], uid, List.of(arguments).contains("attach"), new Questions())
                .closeFuture()
                .syncUninterruptibly();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** Asks one thing after the other; the first call is written before the login. */
    private static final class Questions extends ByteToMessageDecoder {
        private String name = "";
        private int serial;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().eventLoop().execute(() -> ask(ctx, "Hello", null));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
            if (evt instanceof ExternalEvent.LoggedIn login) {
                System.out.println("logged in, unixFds=" + login.unixFds());
            } else if (evt instanceof ExternalEvent.Failed failed) {
                System.out.println("failed: " + failed.reason());
            }
        }

        private void ask(ChannelHandlerContext ctx, String member, @Nullable String argument) {
            ctx.channel().writeAndFlush(call(++serial, member, argument));
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            if (in.readableBytes() < 16) {
                return;
            }
            int at = in.readerIndex();
            int header = (16 + in.getIntLE(at + 12) + 7) / 8 * 8;
            int total = header + in.getIntLE(at + 4);
            if (in.readableBytes() >= total) {
                ByteBuf message = in.readSlice(total);
                if (message.getByte(1) != 4) { // a bus sends the signal NameAcquired as well
                    answered(ctx, message.getByte(1) == 2, message.slice(header, total - header));
                }
            }
        }

        private void answered(ChannelHandlerContext ctx, boolean isReturn, ByteBuf body) {
            switch (serial) {
                case 1 -> {
                    name = body.toString(4, body.getIntLE(0), UTF_8);
                    System.out.println("name " + name);
                    ask(ctx, "GetConnectionUnixUser", name);
                }
                case 2 -> {
                    System.out.println(isReturn ? "uid " + body.getUnsignedIntLE(0) : "no bus");
                    ask(ctx, "GetConnectionUnixProcessID", name);
                }
                default -> {
                    System.out.println(isReturn ? "pid " + body.getUnsignedIntLE(0) : "no bus");
                    ctx.close();
                }
            }
        }

        private static ByteBuf call(int serial, String member, @Nullable String argument) {
            ByteBuf body = Unpooled.buffer();
            if (argument != null) {
                string(body, argument);
            }
            ByteBuf out =
                    Unpooled.buffer().writeByte('l').writeByte(1).writeByte(0).writeByte(1);
            out.writeIntLE(body.readableBytes()).writeIntLE(serial).writeIntLE(0);
            string(field(out, 1, 'o'), "/org/freedesktop/DBus");
            string(field(out, 2, 's'), "org.freedesktop.DBus");
            string(field(out, 3, 's'), member);
            string(field(out, 6, 's'), "org.freedesktop.DBus");
            if (argument != null) {
                field(out, 8, 'g').writeByte(1).writeByte('s').writeByte(0);
            }
            out.setIntLE(12, out.writerIndex() - 16);
            pad(out, 8).writeBytes(body);
            body.release();
            return out;
        }

        private static ByteBuf field(ByteBuf out, int code, char type) {
            return pad(out, 8).writeByte(code).writeByte(1).writeByte(type).writeByte(0);
        }

        private static void string(ByteBuf out, String text) {
            pad(out, 4).writeIntLE(text.length()).writeCharSequence(text, UTF_8);
            out.writeByte(0);
        }

        private static ByteBuf pad(ByteBuf out, int to) {
            return out.writeZero((to - out.writerIndex() % to) % to);
        }
    }
}
