// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.authz.PeerPolicy;
import io.github.nettypeercred.authz.PolicyException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A policy file, as the user wrote its path.
 *
 * @param path its absolute path
 */
record PolicyAt(Path path) {
    /** Reads it as a server does, that is only if nobody can have changed it but root and this user. */
    PeerPolicy load() throws Failure {
        try {
            return PeerPolicy.load(path);
        } catch (PolicyException e) {
            throw new Failure(String.valueOf(e.getMessage()), e);
        }
    }

    /** Reads a path from the command line. */
    static final class Converter implements ITypeConverter<PolicyAt> {
        Converter() {}

        @Override
        public PolicyAt convert(String word) {
            try {
                return new PolicyAt(Path.of(word).toAbsolutePath().normalize());
            } catch (InvalidPathException e) {
                throw new TypeConversionException("'" + word + "' is no path: " + e.getReason());
            }
        }
    }
}
