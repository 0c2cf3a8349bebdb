// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueGoOnTest extends AbstractGoOnTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
