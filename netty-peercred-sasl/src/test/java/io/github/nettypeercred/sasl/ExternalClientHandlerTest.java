// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.sasl;

import static io.github.nettypeercred.sasl.ExternalServerHandlerTest.GUID;
import static io.github.nettypeercred.sasl.ExternalServerHandlerTest.OK;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.sasl.ExternalEvent.Failed;
import io.github.nettypeercred.sasl.ExternalEvent.LoggedIn;
import io.github.nettypeercred.sasl.ExternalEvent.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExternalClientHandlerTest {
    private static Conversation with(ExternalClientHandler.Builder builder) {
        return new Conversation().begin(builder.build());
    }

    @Test
    void client_logsInUnderAUid() {
        Conversation server = with(ExternalClientHandler.builder().uid(1000));
        assertThat(server.answers()).isEqualTo("\0AUTH EXTERNAL 31303030\r\n");
        assertThat(server.seen).isEmpty();
        assertThat(server.say(OK + "message")).isEqualTo("BEGIN\r\n");
        assertThat(server.seen).containsExactly("active", new LoggedIn(GUID, false), "read message");
        assertThat(server.channel.pipeline().get(ExternalClientHandler.class)).isNull();
        server.assertNothingLeaks();
    }

    @ParameterizedTest
    @ValueSource(strings = {"DATA\r\n", "DATA \r\n"})
    void client_logsInWithoutAnIdentity(String data) {
        Conversation server = with(ExternalClientHandler.builder());
        assertThat(server.answers()).isEqualTo("\0AUTH EXTERNAL\r\n");
        assertThat(server.say(data)).isEqualTo("DATA\r\n");
        assertThat(server.say(OK)).isEqualTo("BEGIN\r\n");
        assertThat(server.last(LoggedIn.class).serverGuid()).isEqualTo(GUID);
    }

    @Test
    void unixFds_areNegotiated() {
        for (String answer : new String[] {"AGREE_UNIX_FD", "ERROR", "ERROR \"no\""}) {
            Conversation server = with(ExternalClientHandler.builder().uid(0).unixFds());
            assertThat(server.answers()).isEqualTo("\0AUTH EXTERNAL 30\r\n");
            assertThat(server.say(OK)).isEqualTo("NEGOTIATE_UNIX_FD\r\n");
            assertThat(server.say(answer + "\r\n")).isEqualTo("BEGIN\r\n");
            assertThat(server.last(LoggedIn.class)).isEqualTo(new LoggedIn(GUID, answer.startsWith("AGREE")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "OK\r\n",
                "OK 1234\r\n",
                "OK  " + GUID + "\r\n",
                "DATA 00\r\n",
                "DATA\r\nDATA\r\n",
                "ERROR\r\n",
                "BEGIN\r\n",
                "AGREE_UNIX_FD\r\n",
                "\r\n",
                "\0OK " + GUID + "\r\n",
                "OK " + GUID + "\n\r\n"
            })
    void server_thatSaysOtherwise_isLeft(String bytes) {
        Conversation server = with(ExternalClientHandler.builder());
        ChannelFuture write = server.channel.writeAndFlush(Unpooled.copiedBuffer("secret", US_ASCII));
        server.answers();
        assertThat(server.say(bytes + OK)).doesNotContain("BEGIN", "secret");
        assertThat(server.last(Failed.class).reason()).isEqualTo(Reason.PROTOCOL);
        assertThat(write.cause()).isInstanceOf(IOException.class);
        assertThat(server.isOpen()).isFalse();
        server.assertNothingLeaks();
    }

    @Test
    void data_isNotAnsweredWhereAnIdentityWasSent() {
        Conversation server = with(ExternalClientHandler.builder().uid(1000));
        server.answers();
        assertThat(server.say("DATA\r\n")).isEmpty();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void rejection_isTold() {
        Conversation server = with(ExternalClientHandler.builder().uid(1000));
        server.say("REJECTED EXTERNAL ANONYMOUS\r\n");
        assertThat(server.last(Failed.class))
                .isEqualTo(new Failed(Reason.REJECTED, "the server says REJECTED EXTERNAL ANONYMOUS"));
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void unixFds_answeredWithSomethingElse_areAFailure() {
        Conversation server = with(ExternalClientHandler.builder().unixFds());
        server.say(OK);
        server.say("OK\r\n");
        assertThat(server.last(Failed.class).reason()).isEqualTo(Reason.PROTOCOL);
    }

    @Test
    void line_thatIsTooLong_isAFailure() {
        Conversation server = with(ExternalClientHandler.builder().maxLineLength(64));
        server.say("x".repeat(65));
        assertThat(server.last(Failed.class).reason()).isEqualTo(Reason.PROTOCOL);
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void silence_isAFailure() {
        Conversation server = with(ExternalClientHandler.builder().deadline(Duration.ofSeconds(5)));
        server.channel.advanceTimeBy(5, TimeUnit.SECONDS);
        server.channel.runScheduledPendingTasks();
        assertThat(server.last(Failed.class).reason()).isEqualTo(Reason.TIMED_OUT);
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void writes_areHeldUntilBegin() {
        Conversation server = with(ExternalClientHandler.builder());
        server.channel.writeAndFlush(Unpooled.copiedBuffer("message", US_ASCII));
        assertThat(server.answers()).isEqualTo("\0AUTH EXTERNAL\r\n");
        assertThat(server.say("DATA\r\n" + OK)).isEqualTo("DATA\r\nBEGIN\r\nmessage");
    }

    @Test
    void ownLine_thatIsNotSent_isAFailure() {
        IOException cause = new IOException("of the test");
        Conversation server = new Conversation();
        server.begin(
                new ChannelOutboundHandlerAdapter() {
                    @Override
                    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
                        ((ByteBuf) msg).release();
                        promise.setFailure(cause);
                    }
                },
                new ExternalClientHandler());
        assertThat(server.last(Failed.class)).isEqualTo(new Failed(Reason.CLOSED, "a line of ours was not sent"));
        assertThat(server.isOpen()).isFalse();
    }
}
