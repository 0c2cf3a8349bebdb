// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollFirstReadTest extends AbstractFirstReadTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
