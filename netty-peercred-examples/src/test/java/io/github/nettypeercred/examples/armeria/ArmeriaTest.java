// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.armeria;

import com.linecorp.armeria.server.Server;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.examples.http.AbstractAdminServerTest;
import java.nio.file.Path;

/** The example on Armeria. */
class ArmeriaTest extends AbstractAdminServerTest {
    @Override
    protected AutoCloseable start(Path path, PeerAuthorization authorization) {
        Server server = AdminServer.server(path, authorization);
        server.start().join();
        return server;
    }
}
