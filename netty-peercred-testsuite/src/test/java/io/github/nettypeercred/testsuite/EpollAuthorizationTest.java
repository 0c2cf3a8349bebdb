// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollAuthorizationTest extends AbstractAuthorizationTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
