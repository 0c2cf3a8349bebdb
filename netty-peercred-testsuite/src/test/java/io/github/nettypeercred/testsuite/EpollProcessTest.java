// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollProcessTest extends AbstractProcessTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
