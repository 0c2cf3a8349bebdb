// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.conformance;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.SocketHalfClosedTest;
import java.net.SocketAddress;
import java.util.List;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** On epoll: on io_uring Netty 4.2.18 does not heed ALLOW_HALF_CLOSURE of Unix sockets, with no handler of ours either. */
@ParameterizedClass
@EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "EPOLL_.*")
class SocketHalfClosedConformanceTest extends SocketHalfClosedTest implements Conforming {
    private final Setting setting;

    SocketHalfClosedConformanceTest(Setting setting) {
        this.setting = setting;
    }

    @Override
    public Setting setting() {
        return setting;
    }

    @Override
    protected List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> newFactories() {
        return setting.factories();
    }

    @Override
    protected SocketAddress newSocketAddress() {
        return Setting.newAddress();
    }

    /** Not a test here: SO_LINGER and the states of TCP. */
    @Override
    public void testHalfClosureReceiveDataOnFinalWait2StateWhenSoLingerSet(TestInfo info) {}
}
