// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

abstract class AbstractGoOnTest {
    abstract TestTransport transport();
}
