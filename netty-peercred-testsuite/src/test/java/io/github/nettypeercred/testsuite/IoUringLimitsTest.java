// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringLimitsTest extends AbstractLimitsTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
