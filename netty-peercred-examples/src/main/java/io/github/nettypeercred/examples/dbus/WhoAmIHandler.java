// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

import io.github.nettypeercred.sasl.ExternalIdentity;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.concurrent.atomic.AtomicLong;

/** Answers the calls of one client, who is authenticated by now, the same on every object path. */
final class WhoAmIHandler extends SimpleChannelInboundHandler<MethodCall> {
    private static final AtomicLong NAMES = new AtomicLong();

    private static final String INTROSPECTION =
            """
            <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
            <node>
              <interface name="io.github.nettypeercred.WhoAmI">
                <method name="WhoAmI">
                  <arg name="uid" type="u" direction="out"/>
                  <arg name="gid" type="u" direction="out"/>
                  <arg name="evidence" type="s" direction="out"/>
                </method>
              </interface>
            </node>
            """;

    private final String guid;
    private int serial;

    WhoAmIHandler(String guid) {
        this.guid = guid;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, MethodCall call) {
        ByteBuf reply = call.signature().isEmpty() ? answer(ctx, call) : unknown(call);
        if (call.replyExpected()) {
            ctx.write(reply);
        } else {
            reply.release();
        }
    }

    private ByteBuf answer(ChannelHandlerContext ctx, MethodCall call) {
        return switch (call.interfaceName() + "." + call.member()) {
            case "org.freedesktop.DBus.Hello" -> Reply.of(call, ++serial, ":1." + NAMES.incrementAndGet());
            case "org.freedesktop.DBus.GetId" -> Reply.of(call, ++serial, guid);
            case "org.freedesktop.DBus.Peer.Ping" -> Reply.of(call, ++serial);
            case "org.freedesktop.DBus.Introspectable.Introspect" -> Reply.of(call, ++serial, INTROSPECTION);
            case "io.github.nettypeercred.WhoAmI.WhoAmI" -> whoAmI(ctx, call);
            default -> unknown(call);
        };
    }

    private ByteBuf whoAmI(ChannelHandlerContext ctx, MethodCall call) {
        ExternalIdentity caller = ExternalIdentity.of(ctx.channel()).orElseThrow();
        return Reply.of(
                call,
                ++serial,
                caller.uid(),
                caller.credentials().gid(),
                caller.credentials().toString());
    }

    private ByteBuf unknown(MethodCall call) {
        return Reply.error(
                call, ++serial, "org.freedesktop.DBus.Error.UnknownMethod", "no method of that name and signature");
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
