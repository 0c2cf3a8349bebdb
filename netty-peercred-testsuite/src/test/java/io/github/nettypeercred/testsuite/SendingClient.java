// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.SendCredentialsHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;

/** A client to be run under other ids: writes "x" with credentials, and prints what became of it. */
final class SendingClient {
    private SendingClient() {}

    public static void main(String[] args) {
        TestTransport transport = args[0].equals("epoll") ? TestTransport.EPOLL : new TestTransport.IoUring();
        SendCredentialsHandler.Builder builder = SendCredentialsHandler.builder();
        switch (args[2]) {
            case "effective" -> builder.effective();
            case "saved" -> builder.saved();
            case "as" -> builder.as(Long.parseLong(args[3]), Long.parseLong(args[4]), Integer.parseInt(args[5]));
            default -> builder.real();
        }
        try (TestClient client = TestClient.connect(
                transport, args[1], channel -> channel.pipeline().addLast(builder.build()))) {
            ChannelFuture written =
                    client.channel().writeAndFlush(Unpooled.copiedBuffer("x", UTF_8)).awaitUninterruptibly();
            System.out.println(
                    written.isSuccess()
                            ? "sent"
                            : ((CredentialsNotSentException) written.cause()).reason() + " "
                                    + ((CredentialsNotSentException) written.cause()).errno());
        }
    }
}
