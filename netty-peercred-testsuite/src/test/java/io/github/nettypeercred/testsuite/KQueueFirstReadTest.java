// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueFirstReadTest extends AbstractFirstReadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
