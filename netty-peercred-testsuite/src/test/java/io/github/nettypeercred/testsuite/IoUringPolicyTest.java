// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringPolicyTest extends AbstractPolicyTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
