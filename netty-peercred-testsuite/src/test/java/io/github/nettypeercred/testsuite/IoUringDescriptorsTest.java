// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringDescriptorsTest extends AbstractDescriptorsTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
