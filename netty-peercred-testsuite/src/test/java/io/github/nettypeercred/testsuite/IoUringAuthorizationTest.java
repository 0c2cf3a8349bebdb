// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class IoUringAuthorizationTest extends AbstractAuthorizationTest {
    @Override
    TestTransport transport() {
        return new TestTransport.IoUring();
    }
}
