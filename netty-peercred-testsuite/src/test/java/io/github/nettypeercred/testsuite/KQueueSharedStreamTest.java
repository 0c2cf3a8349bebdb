// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueSharedStreamTest extends AbstractSharedStreamTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
