// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueConnectTest extends AbstractConnectTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
