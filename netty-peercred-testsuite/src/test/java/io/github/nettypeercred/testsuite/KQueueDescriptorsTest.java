// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class KQueueDescriptorsTest extends AbstractDescriptorsTest {
    @Override
    TestTransport transport() {
        return new TestTransport.KQueue();
    }
}
