// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.names.Names;
import io.netty.util.concurrent.ImmediateEventExecutor;

/** Captures on epoll, reads a policy that names a user, and makes the names of this system: each needs services of other bundles. */
public final class OnOsgi {
    private OnOsgi() {}

    public static void main(String[] args) throws Exception {
        OnEpoll.main(args);
        PeerPolicy.parse(
                """
                [[rule]]
                name = "administrators"
                decision = "allow"
                user = "daemon"
                """,
                "policy.toml");
        System.out.println("policy read");
        System.out.println("user="
                + Names.builder(Runnable::run)
                        .build()
                        .user(0, ImmediateEventExecutor.INSTANCE)
                        .get());
    }
}
