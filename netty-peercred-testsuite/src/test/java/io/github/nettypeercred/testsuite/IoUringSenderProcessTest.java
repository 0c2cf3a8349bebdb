// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringSenderProcessTest extends AbstractSenderProcessTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
