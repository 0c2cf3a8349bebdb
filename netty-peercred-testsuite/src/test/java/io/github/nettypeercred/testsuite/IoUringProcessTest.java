// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringProcessTest extends AbstractProcessTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
