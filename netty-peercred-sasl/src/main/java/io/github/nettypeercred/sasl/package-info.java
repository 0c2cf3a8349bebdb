// SPDX-License-Identifier: Apache-2.0

/**
 * The authentication with which a D-Bus connection begins, for the one mechanism EXTERNAL: the client says which user it is, and the
 * server compares that with what the kernel says.
 *
 * <p>The protocol is the D-Bus specification's ("Authentication Protocol"), a profile of SASL, RFC 4422, whose Appendix A defines EXTERNAL.
 * It authenticates a connection, once; it neither signs nor encrypts, and what the messages behind it say is not its
 * concern.
 */
@NullMarked
package io.github.nettypeercred.sasl;

import org.jspecify.annotations.NullMarked;
