// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.CredentialsNotSentException;
import io.github.nettypeercred.SendCredentialsHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;

/** A client to be run under other ids: on each socket writes "x" with credentials, and prints what became of it. */
final class SendingClient {
    private SendingClient() {}

    /** The transport, and then pairs: a path, and "real", "effective", "saved" or "UID GID" or "UID GID PID". */
    public static void main(String[] args) {
        TestTransport transport = args[0].equals("epoll") ? TestTransport.EPOLL : new TestTransport.IoUring();
        for (int i = 1; i < args.length; i += 2) {
            SendCredentialsHandler handler = handler(args[i + 1].split(" ", -1));
            try (TestClient client = TestClient.connect(
                    transport, args[i], channel -> channel.pipeline().addLast(handler))) {
                ChannelFuture written = client.channel()
                        .writeAndFlush(Unpooled.copiedBuffer("x", UTF_8))
                        .awaitUninterruptibly();
                System.out.println(
                        written.cause() instanceof CredentialsNotSentException failure
                                ? failure.reason() + " " + failure.errno().orElse(0)
                                : written.isSuccess() ? "sent" : written.cause());
            }
        }
    }

    private static SendCredentialsHandler handler(String[] words) {
        SendCredentialsHandler.Builder builder = SendCredentialsHandler.builder();
        return switch (words[0]) {
            case "real" -> builder.real().build();
            case "effective" -> builder.effective().build();
            case "saved" -> builder.saved().build();
            default ->
                words.length == 2
                        ? builder.as(Long.parseLong(words[0]), Long.parseLong(words[1]))
                                .build()
                        : builder.as(Long.parseLong(words[0]), Long.parseLong(words[1]), Integer.parseInt(words[2]))
                                .build();
        };
    }
}
