// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueFirstReadLoadTest extends AbstractFirstReadLoadTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
