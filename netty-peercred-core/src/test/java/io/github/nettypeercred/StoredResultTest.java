// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.DefaultChannelId;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.AttributeKey;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StoredResultTest {
    private static final AttributeKey<Object> KEY = AttributeKey.valueOf("io.github.nettypeercred.UnixPeerCredentials");

    private static EmbeddedChannel childOf(@Nullable Channel parent) {
        return new EmbeddedChannel(parent, DefaultChannelId.newInstance(), true, false);
    }

    private static @Nullable AbsenceReason reason(Channel channel) {
        return UnixPeerCredentials.of(channel).absence().map(Absence::reason).orElse(null);
    }

    @Test
    void of_channelWithoutResult_isNotCapturedAndNamesTheFix() {
        EmbeddedChannel channel = new EmbeddedChannel();
        assertThat(reason(channel)).isEqualTo(AbsenceReason.NOT_CAPTURED);
        assertThat(UnixPeerCredentials.of(channel).toString()).contains("PeerCredentialsHandler");
        assertThat(channel.hasAttr(KEY))
                .as("a look-up leaves no attribute behind")
                .isFalse();
        channel.attr(KEY);
        assertThat(reason(channel)).isEqualTo(AbsenceReason.NOT_CAPTURED);
    }

    @Test
    void of_anyThread_givesTheSameObject() throws Exception {
        EmbeddedChannel channel = new EmbeddedChannel();
        UnixPeerCredentials peer = Values.peer(1);
        StoredResult.store(channel, peer);
        assertThat(UnixPeerCredentials.of(channel)).isSameAs(peer);
        assertThat(CompletableFuture.supplyAsync(() -> UnixPeerCredentials.of(channel))
                        .get(30, TimeUnit.SECONDS))
                .isSameAs(peer);
    }

    @Test
    void of_valueCopiedFromAnotherChannel_isForeign() {
        EmbeddedChannel root = new EmbeddedChannel();
        EmbeddedChannel thief = new EmbeddedChannel();
        StoredResult.store(root, Values.peer(0));
        thief.attr(KEY).set(root.attr(KEY).get());
        assertThat(reason(thief)).isEqualTo(AbsenceReason.FOREIGN_CHANNEL);
        assertThat(UnixPeerCredentials.of(root).orElseThrow().uid()).isZero();
    }

    @Test
    void of_anyOtherObjectUnderTheKey_isForeign() {
        EmbeddedChannel channel = new EmbeddedChannel();
        for (Object foreign : new Object[] {Values.peer(0), "uid=0", 0}) {
            channel.attr(KEY).set(foreign);
            assertThat(reason(channel)).isEqualTo(AbsenceReason.FOREIGN_CHANNEL);
        }
    }

    @Test
    void of_child_findsTheNearestParentsResult() {
        EmbeddedChannel connection = new EmbeddedChannel();
        EmbeddedChannel stream = childOf(connection);
        EmbeddedChannel inner = childOf(stream);
        UnixPeerCredentials peer = Values.peer(1);
        StoredResult.store(connection, peer);
        assertThat(UnixPeerCredentials.of(inner)).isSameAs(peer);

        // The first result wins, also where it is an absence or somebody else's object.
        Absence absence = new Absence(AbsenceReason.FAILED, "x");
        StoredResult.store(stream, absence);
        assertThat(UnixPeerCredentials.of(inner)).isSameAs(absence);
        stream.attr(KEY).set("foreign");
        assertThat(reason(inner)).isEqualTo(AbsenceReason.FOREIGN_CHANNEL);
    }

    @Test
    void of_acceptedChannel_neverReadsTheServerChannel() {
        LocalServerChannel server = new LocalServerChannel();
        StoredResult.store(server, Values.peer(0));
        assertThat(reason(childOf(server))).isEqualTo(AbsenceReason.NOT_CAPTURED);
        assertThat(reason(childOf(childOf(server)))).isEqualTo(AbsenceReason.NOT_CAPTURED);
        assertThat(reason(server)).isEqualTo(AbsenceReason.NOT_CAPTURED);
    }
}
