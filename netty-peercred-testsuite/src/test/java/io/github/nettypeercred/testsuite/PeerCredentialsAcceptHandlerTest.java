// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.CredentialSource.Moment;
import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.PeerCredentialsHandler;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.testing.PretendedPeer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whom the accepting side lets in, on channels that need no socket. */
@Tag("netty-4.1")
class PeerCredentialsAcceptHandlerTest {
    private static final PretendedPeer PEER =
            PretendedPeer.of(1000, 100).groups(27).label("unconfined");
    private static final PretendedPeer ABSENT =
            PretendedPeer.absent(new Absence(AbsenceReason.NOT_CONNECTED, "a test"));

    /** What the acceptor behind the handler gets. */
    private final List<Object> accepted = new ArrayList<>();

    private final List<Throwable> escaped = new ArrayList<>();

    private EmbeddedChannel server(PeerCredentialsAcceptHandler handler) {
        return new EmbeddedChannel(handler, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                accepted.add(msg);
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                escaped.add(cause);
            }
        });
    }

    private static EmbeddedChannel child(PretendedPeer peer) {
        EmbeddedChannel child = new EmbeddedChannel(false, false);
        peer.on(child);
        return child;
    }

    /** Offers a child, and tells whether it came through; if not, it must be closed. */
    private boolean lets(EmbeddedChannel server, EmbeddedChannel child) {
        accepted.clear();
        server.pipeline().fireChannelRead(child);
        assertThat(escaped).isEmpty();
        if (accepted.isEmpty()) {
            assertThat(child.isOpen()).as("a refused child is closed").isFalse();
            return false;
        }
        assertThat(accepted).containsExactly(child);
        assertThat(child.isOpen()).isTrue();
        return true;
    }

    @Test
    void messageThatIsNoChannel_passes() {
        PeerCredentialsAcceptHandler handler =
                PeerCredentialsAcceptHandler.builder().allowIf(peer -> false).build();
        server(handler).pipeline().fireChannelRead("no channel");
        assertThat(accepted).containsExactly("no channel");
        assertThat(handler.refusedCount()).isZero();
    }

    @Test
    void known_isLetIn_absentIsNot() {
        PeerCredentialsAcceptHandler handler = new PeerCredentialsAcceptHandler();
        EmbeddedChannel server = server(handler);
        EmbeddedChannel child = child(PEER);
        assertThat(lets(server, child)).isTrue();
        assertThat(UnixPeerCredentials.of(child).orElseThrow().uid()).isEqualTo(1000);
        assertThat(UnixPeerCredentials.of(child).orElseThrow().source().moment())
                .isEqualTo(Moment.CONNECT);
        assertThat(handler.refusedCount()).isZero();

        assertThat(lets(server, child(ABSENT))).isFalse();
        assertThat(lets(server, child(PretendedPeer.failing(new IllegalStateException("x")))))
                .isFalse();
        assertThat(lets(server, new EmbeddedChannel(false, false))).isFalse();
        assertThat(handler.refusedCount()).isEqualTo(3);
    }

    @Test
    void absent_admitted_isLetInUnasked() {
        AtomicInteger asked = new AtomicInteger();
        PeerCredentialsAcceptHandler handler = PeerCredentialsAcceptHandler.builder()
                .admitAbsent()
                .allowIf(peer -> asked.incrementAndGet() < 0)
                .build();
        EmbeddedChannel server = server(handler);
        assertThat(lets(server, child(ABSENT))).isTrue();
        assertThat(asked).hasValue(0);
        assertThat(lets(server, child(PEER))).as("the predicate still decides").isFalse();
        assertThat(asked).hasValue(1);
        assertThat(handler.refusedCount()).isOne();
    }

    @Test
    void predicate_decidesByWhatWasAskedFor() {
        EmbeddedChannel server = server(PeerCredentialsAcceptHandler.builder()
                .groups()
                .label()
                .allowIf(peer -> false) // replaced below
                .allowIf(peer -> peer.groups().orElseThrow().contains(27)
                        && peer.label().orElseThrow().equals("unconfined"))
                .build());
        assertThat(lets(server, child(PEER))).isTrue();
        assertThat(lets(server, child(PEER.groups(28)))).isFalse();
        assertThat(lets(server, child(PEER.label("other")))).isFalse();
    }

    @Test
    void predicate_thatThrowsAnything_refuses() {
        List<RuntimeException> runtime = List.of(new IllegalStateException("x"));
        List<Error> errors = List.of(new StackOverflowError(), new AssertionError("y"), new LinkageError("z"));
        AtomicInteger refused = new AtomicInteger();
        for (RuntimeException thrown : runtime) {
            refused.addAndGet(refusedCount(PeerCredentialsAcceptHandler.builder()
                    .allowIf(peer -> {
                        throw thrown;
                    })
                    .build()));
        }
        for (Error thrown : errors) {
            refused.addAndGet(refusedCount(PeerCredentialsAcceptHandler.builder()
                    .allowIf(peer -> {
                        throw thrown;
                    })
                    .build()));
        }
        assertThat(refused).hasValue(4);
    }

    private int refusedCount(PeerCredentialsAcceptHandler handler) {
        assertThat(lets(server(handler), child(PEER))).isFalse();
        return (int) handler.refusedCount();
    }

    @Test
    void handler_onSeveralServers_countsForAll() {
        PeerCredentialsAcceptHandler handler = new PeerCredentialsAcceptHandler();
        assertThat(lets(server(handler), child(ABSENT))).isFalse();
        assertThat(lets(server(handler), child(ABSENT))).isFalse();
        assertThat(handler.refusedCount()).isEqualTo(2);
    }

    @Test
    void childHandler_takesOverWhatWasCaptured() throws Exception {
        EmbeddedChannel child = child(PEER);
        assertThat(lets(server(PeerCredentialsAcceptHandler.builder().groups().build()), child))
                .isTrue();
        UnixPeerCredentials atAccept = UnixPeerCredentials.of(child).orElseThrow();
        PretendedPeer.of(0, 0).on(child); // whom nobody must ask any more
        Recorder recorder = new Recorder();
        child.pipeline().addLast(new PeerCredentialsHandler(), recorder);
        child.register();
        assertThat(recorder.seen()).containsExactly("Captured 1000", "active");
        assertThat(UnixPeerCredentials.of(child)).isSameAs(atAccept);
    }

    @Test
    void childHandler_thatAsksForMore_getsBoth() throws Exception {
        EmbeddedChannel child = child(PEER);
        assertThat(lets(server(PeerCredentialsAcceptHandler.builder().groups().build()), child))
                .isTrue();
        child.pipeline().addLast(PeerCredentialsHandler.builder().label().build());
        child.register();
        UnixPeerCredentials both = UnixPeerCredentials.of(child).orElseThrow();
        assertThat(both.groups().orElseThrow().contains(27)).isTrue();
        assertThat(both.label().value()).contains("unconfined");
    }
}
