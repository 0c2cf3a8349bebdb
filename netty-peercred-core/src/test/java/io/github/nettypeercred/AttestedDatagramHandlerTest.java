// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.CredentialSource.Mechanism;
import io.github.nettypeercred.spi.PeekedDatagram;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.UncheckedBooleanSupplier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How looks and datagrams are paired, with reads as Netty's channel makes them. */
@SuppressWarnings("deprecation") // RecvByteBufAllocator.Handle
class AttestedDatagramHandlerTest {
    private static final DomainSocketAddress ADDRESS = new DomainSocketAddress("\0test");

    private final Values.Calls calls = new Values.Calls();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Queue<PeekedDatagram> looks = ScriptedDatagrams.on(channel);
    private final List<Object> seen = new ArrayList<>();
    private final AttestedDatagramHandler handler = new AttestedDatagramHandler();
    private final RecvByteBufAllocator.Handle handle;

    AttestedDatagramHandlerTest() {
        channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(4).maxMessagesPerRead(16));
        channel.pipeline().addLast(handler, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                seen.add(msg);
            }

            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                seen.add("complete");
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object evt) {
                seen.add(evt);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                seen.add(cause);
            }
        });
        handle = channel.unsafe().recvBufAllocHandle();
        handle.reset(channel.config());
    }

    private PeekedDatagram look(int uid, int length) {
        return new PeekedDatagram(
                MessageTime.DATAGRAM.credentials(
                        uid, 2, 3, Mechanism.SCM_CREDENTIALS, null, null, Answer.known(calls.process(uid))),
                length);
    }

    /** Reads as Netty does: a buffer, the datagram into it, the message. */
    private void read(String text) {
        ByteBuf buffer = handle.allocate(UnpooledByteBufAllocator.DEFAULT);
        byte[] bytes = text.getBytes(UTF_8);
        buffer.writeBytes(bytes, 0, Math.min(bytes.length, buffer.writableBytes()));
        handle.incMessagesRead(1);
        handle.lastBytesRead(Math.max(1, bytes.length));
        channel.pipeline().fireChannelRead(new DomainDatagramPacket(buffer, ADDRESS, new DomainSocketAddress("")));
    }

    private boolean goesOn() {
        return ((RecvByteBufAllocator.ExtendedHandle) handle).continueReading(UncheckedBooleanSupplier.TRUE_SUPPLIER);
    }

    private AttestedDatagram datagram(int index) {
        return (AttestedDatagram) seen.get(index);
    }

    private @Nullable AbsenceReason absence(int index) {
        return datagram(index).credentials().absence().map(Absence::reason).orElse(null);
    }

    @Test
    void look_isOfTheDatagramThatItsReadTakes_alsoIfMadeAhead() {
        looks.addAll(List.of(look(1, 2), look(2, 3)));
        read("ab");
        assertThat(goesOn()).isTrue();
        assertThat(looks).isEmpty();
        read("cde");
        assertThat(goesOn()).as("nothing more is there").isFalse();
        assertThat(datagram(0).credentials().orElseThrow().uid()).isEqualTo(1);
        assertThat(datagram(1).credentials().orElseThrow().uid()).isEqualTo(2);
        assertThat(datagram(0).release()).isTrue();
        assertThat(calls.closed).containsExactly(1);
        assertThat(datagram(1).release()).isTrue();
        assertThat(calls.closed).containsExactly(1, 2);
    }

    @Test
    void datagram_longerThanTheBuffer_isTruncated() {
        looks.add(look(1, 5));
        read("abcde");
        assertThat(datagram(0).content().toString(UTF_8)).isEqualTo("abcd");
        assertThat(datagram(0).truncated()).isTrue();
        assertThat(datagram(0).originalLength()).isEqualTo(5);
        assertThat(datagram(0).hasSenderAddress()).isFalse();
        datagram(0).release();
    }

    @Test
    void datagram_withoutLook_hasNoSender() {
        read("ab");
        read("abcd");
        assertThat(absence(0)).isEqualTo(AbsenceReason.RACED);
        assertThat(datagram(0).truncated()).isFalse();
        assertThat(absence(1)).isEqualTo(AbsenceReason.RACED);
        assertThat(datagram(1).truncated()).as("it may be").isTrue();
        datagram(0).release();
        datagram(1).release();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void datagram_thatIsNotWhatWasLookedAt_hasNoSender_andTheProcessIsClosed() {
        looks.addAll(List.of(look(1, 3), look(2, 3)));
        read("ab");
        read("abcd");
        assertThat(absence(0)).isEqualTo(AbsenceReason.RACED);
        assertThat(absence(1)).isEqualTo(AbsenceReason.RACED);
        assertThat(calls.closed).containsExactly(1, 2);
        datagram(0).release();
        datagram(1).release();
    }

    @Test
    void look_ofWhichNoDatagramCame_isClosed() {
        looks.addAll(List.of(look(1, 2), look(2, 2)));
        handle.allocate(UnpooledByteBufAllocator.DEFAULT).release(); // the read failed
        handle.reset(channel.config());
        assertThat(calls.closed).containsExactly(1);
        read("ab");
        assertThat(datagram(0).credentials().orElseThrow().uid()).isEqualTo(2);
        datagram(0).release();
    }

    @Test
    void error_thatALookMet_isToldOnce_afterTheRead() {
        looks.add(new PeekedDatagram(
                new Absence(AbsenceReason.FAILED, "recvmsg", OptionalInt.of(104)), PeekedDatagram.NO_LENGTH));
        handle.allocate(UnpooledByteBufAllocator.DEFAULT).release();
        channel.pipeline().fireChannelReadComplete();
        channel.pipeline().fireChannelReadComplete();
        assertThat(seen).hasSize(3).startsWith("complete").endsWith("complete");
        assertThat(seen.get(1)).isInstanceOf(IOException.class);
        assertThat(((IOException) seen.get(1)).getMessage()).contains("104");
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void message_ofAnotherKind_isRefused() {
        channel.pipeline().fireChannelRead("text");
        assertThat(seen).hasSize(1);
        assertThat(((PeerCredentialsEvent.Refused) seen.get(0)).result().reason())
                .isEqualTo(AbsenceReason.RACED);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void removal_givesTheAllocatorBack_andPassesOnWhatComes() {
        looks.add(look(1, 2));
        handle.allocate(UnpooledByteBufAllocator.DEFAULT).release();
        channel.pipeline().remove(handler);
        assertThat(calls.closed).containsExactly(1);
        assertThat((Object) channel.config().getRecvByteBufAllocator()).isInstanceOf(FixedRecvByteBufAllocator.class);
        looks.add(look(2, 2));
        read("ab");
        assertThat(looks).as("nobody looks any more").hasSize(1);
        assertThat(seen.get(0)).isInstanceOf(DomainDatagramPacket.class);
        ((DomainDatagramPacket) seen.get(0)).release();
    }
}
