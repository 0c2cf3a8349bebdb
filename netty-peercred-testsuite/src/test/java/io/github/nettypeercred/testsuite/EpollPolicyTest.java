// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

class EpollPolicyTest extends AbstractPolicyTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
