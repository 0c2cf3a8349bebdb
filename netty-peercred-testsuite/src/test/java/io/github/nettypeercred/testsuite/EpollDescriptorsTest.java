// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import org.junit.jupiter.api.Tag;

@Tag("netty-4.1")
class EpollDescriptorsTest extends AbstractDescriptorsTest {
    @Override
    TestTransport transport() {
        return TestTransport.EPOLL;
    }
}
