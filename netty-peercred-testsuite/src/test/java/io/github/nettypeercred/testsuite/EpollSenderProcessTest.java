// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollSenderProcessTest extends AbstractSenderProcessTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
