// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringSharedStreamTest extends AbstractSharedStreamTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
