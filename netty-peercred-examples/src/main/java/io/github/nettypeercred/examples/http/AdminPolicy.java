// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.http;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerPolicy;
import java.nio.file.Path;

/** Who may connect to the HTTP servers of the examples, and who may ask for {@code /admin}. */
public final class AdminPolicy {
    private AdminPolicy() {}

    /**
     * Returns what decides for a server.
     *
     * @param arguments of its command line: the socket and, to replace the policy of the example, a policy file
     * @return a new object
     */
    public static PeerAuthorization authorization(String[] arguments) {
        return arguments.length > 1
                ? PeerAuthorization.builder(Path.of(arguments[1])).build()
                : PeerAuthorization.of(policy());
    }

    /**
     * Returns the policy of the example.
     *
     * @return a new policy
     */
    public static PeerPolicy policy() {
        return PeerPolicy.builder()
                .allow("root", rule -> rule.root().grants("admin"))
                .allow(
                        "operators",
                        rule -> rule.userRange(1000, 59999).group("adm").grants("admin"))
                .allow("users", rule -> rule.userRange(1000, 59999))
                .build();
    }
}
