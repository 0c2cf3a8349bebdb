// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.conformance;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.SocketReadPendingTest;
import java.net.SocketAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource
class SocketReadPendingConformanceTest extends SocketReadPendingTest implements Conforming {
    private final Setting setting;

    SocketReadPendingConformanceTest(Setting setting) {
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
}
