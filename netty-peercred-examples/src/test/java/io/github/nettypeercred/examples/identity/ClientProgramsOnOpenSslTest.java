// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.identity;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;

class ClientProgramsOnOpenSslTest extends AbstractClientProgramsTest {
    ClientProgramsOnOpenSslTest() {
        super(SslProvider.OPENSSL);
        OpenSsl.ensureAvailability();
    }
}
