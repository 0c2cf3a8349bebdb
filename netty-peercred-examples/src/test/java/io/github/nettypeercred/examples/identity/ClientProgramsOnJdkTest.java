// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import io.netty.handler.ssl.SslProvider;

class ClientProgramsOnJdkTest extends AbstractClientProgramsTest {
    ClientProgramsOnJdkTest() {
        super(SslProvider.JDK);
    }
}
