// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinesTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 1000, 8191, 8192, 8193, 100_000})
    void stream_isCutIntoLines_howeverItComes(int piece) {
        String longest = "x".repeat(Lines.LONGEST - 2) + "\r\n";
        String rest = "x".repeat(Lines.LONGEST - 1); // of a line that is too long, and the two bytes it ends with
        String stream = "a\r\n\nb\n" + longest + "x" + longest + "y".repeat(20_000) + rest + "x\n" + ".\r\nno end";
        EmbeddedChannel channel = new EmbeddedChannel(new Lines());
        List<String> lines = new ArrayList<>();
        for (int at = 0; at < stream.length(); at += piece) {
            String part = stream.substring(at, Math.min(stream.length(), at + piece));
            channel.writeInbound(Unpooled.copiedBuffer(part, US_ASCII));
            for (ByteBuf each = channel.readInbound(); each != null; each = channel.readInbound()) {
                lines.add(each.toString(US_ASCII));
                each.release();
            }
        }
        assertThat(channel.finish()).isFalse();
        assertThat(lines).containsExactly("a\r\n", "\n", "b\n", longest, rest + "\r\n", rest + "x\n", ".\r\n");
    }
}
