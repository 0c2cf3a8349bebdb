// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollSharedStreamTest extends AbstractSharedStreamTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
