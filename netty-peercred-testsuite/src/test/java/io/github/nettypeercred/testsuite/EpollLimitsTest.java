// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollLimitsTest extends AbstractLimitsTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
