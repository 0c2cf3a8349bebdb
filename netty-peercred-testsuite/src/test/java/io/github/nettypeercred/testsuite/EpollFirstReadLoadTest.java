// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollFirstReadLoadTest extends AbstractFirstReadLoadTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
