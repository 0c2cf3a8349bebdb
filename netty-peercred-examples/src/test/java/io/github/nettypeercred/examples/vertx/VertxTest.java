// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.examples.http.AbstractAdminServerTest;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The example on Vert.x. */
class VertxTest extends AbstractAdminServerTest {
    @Override
    protected AutoCloseable start(Path path, PeerAuthorization authorization) throws Exception {
        Vertx vertx = AdminServer.vertx(authorization);
        AdminServer.start(vertx, path, authorization).await(30, TimeUnit.SECONDS);
        return () -> vertx.close().await(30, TimeUnit.SECONDS);
    }
}
