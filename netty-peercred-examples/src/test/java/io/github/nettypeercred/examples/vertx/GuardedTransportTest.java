// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.vertx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.examples.http.AdminPolicy;
import io.vertx.core.transport.Transport;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

class GuardedTransportTest {
    @Test
    void transportThatIsNotAvailable_isRefused_sinceVertxWouldTakeAnother() {
        Transport missing = answering(Transport.class);
        assertThatThrownBy(() -> new GuardedTransport(missing, PeerAuthorization.of(AdminPolicy.policy())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("epoll is not available");
    }

    /** A transport, or what implements it, of which nothing can be loaded. */
    private static <T> T answering(Class<T> type) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> switch (method.getName()) {
                    case "implementation" -> answering(io.vertx.core.spi.transport.Transport.class);
                    case "isAvailable", "available" -> false;
                    case "name" -> "epoll";
                    case "unavailabilityCause" -> null;
                    default -> throw new AssertionError(method);
                }));
    }
}
