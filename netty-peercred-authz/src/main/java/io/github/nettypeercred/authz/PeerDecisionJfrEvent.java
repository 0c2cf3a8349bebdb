// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** One decision, for the flight recorder. Off unless a recording asks for it. */
@Enabled(false)
@StackTrace(false)
@Name("io.github.nettypeercred.PeerDecision")
@Label("Peer decision")
@Category({"Netty", "Peer credentials"})
@Description("What was decided about a peer")
final class PeerDecisionJfrEvent extends Event {
    @Description("decided, message, accept, again, grant or candidate")
    @Nullable
    String what;

    boolean allowed;

    @Description("false in shadow mode and of a candidate")
    boolean enforced;

    long generation;

    @Nullable
    String rule;

    @Nullable
    String reason;

    @Description("-1 if the credentials are absent")
    long uid;

    @Description("-1 if the credentials are absent")
    long gid;

    @Description("-1 if there is none in this pid namespace")
    int pid;

    @Nullable
    String moment;

    @Description("the peer's verified certificate, if TLS gave one")
    @Nullable
    String certificate;
}
