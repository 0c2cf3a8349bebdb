// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringGoOnTest extends AbstractGoOnTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
