// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollSendCredentialsTest extends AbstractSendCredentialsTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
