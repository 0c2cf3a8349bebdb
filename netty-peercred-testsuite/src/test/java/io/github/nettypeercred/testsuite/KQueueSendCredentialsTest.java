// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueSendCredentialsTest extends AbstractSendCredentialsTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
