// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollGoOnTest extends AbstractGoOnTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
