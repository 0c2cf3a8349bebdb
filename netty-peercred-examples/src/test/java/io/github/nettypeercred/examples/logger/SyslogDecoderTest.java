// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SyslogDecoderTest {
    private static List<String> decoded(String stream, int piece) {
        EmbeddedChannel channel = new EmbeddedChannel(new SyslogDecoder());
        for (int at = 0; at < stream.length(); at += piece) {
            String part = stream.substring(at, Math.min(stream.length(), at + piece));
            channel.writeInbound(Unpooled.copiedBuffer(part, US_ASCII));
        }
        channel.finish();
        List<String> messages = new ArrayList<>();
        for (ByteBuf each = channel.readInbound(); each != null; each = channel.readInbound()) {
            messages.add(each.toString(US_ASCII));
            each.release();
        }
        return messages;
    }

    @ParameterizedTest
    @CsvSource({"'<13>a~<13>b~','<13>a|<13>b'", "'~~<13>a~~<13>b','<13>a|<13>b'", "'5 <13>a7 <13>b~c','<13>a|<13>b~c'"})
    void stream_isCutIntoMessages(String stream, String messages) {
        List<String> wanted = List.of(messages.replace('~', '\n').split("\\|"));
        for (int piece = 1; piece <= stream.length(); piece++) {
            assertThat(decoded(stream.replace('~', '\n'), piece)).isEqualTo(wanted);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {'\n', 0})
    void longLine_isCut(int terminator) {
        String end = Character.toString(terminator);
        int most = LogServer.MAX_LINE;
        for (int length : new int[] {most - 1, most, most + 1}) {
            assertThat(decoded("x".repeat(length) + end + "y" + end, 1000))
                    .allMatch(each -> each.length() <= most)
                    .endsWith("y")
                    .satisfies(all -> assertThat(String.join("", all)).isEqualTo("x".repeat(length) + "y"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9999 <13>",
                "12345 <13>",
                "1x <13>a",
                "5 <13>a+3 <1>",
                "5 <13>a-3 <1>",
                "5 <13>a0 ",
                "5 <13>a07 <13>"
            })
    void badLength_isRefused(String stream) {
        assertThatThrownBy(() -> decoded(stream, stream.length())).isInstanceOf(DecoderException.class);
    }
}
