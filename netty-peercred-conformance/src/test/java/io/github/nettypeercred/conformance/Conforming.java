// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.conformance;

/** A test of Netty's in one of our settings. */
interface Conforming {
    Setting setting();
}
