// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.dbus;

/**
 * A method call, without its arguments: no method here takes any.
 *
 * @param serial the client's number of this call, which the reply repeats
 * @param replyExpected whether the client wants an answer
 * @param path the object
 * @param interfaceName the interface, empty if the client named none
 * @param member the method
 * @param signature the types of the arguments, empty for none
 */
record MethodCall(
        int serial, boolean replyExpected, String path, String interfaceName, String member, String signature) {}
