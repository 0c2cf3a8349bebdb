// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;

/** Standard output, a line at a time, each written at once. Unlike {@code System.out} it tells when nobody reads it. */
final class Output {
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    /** Writes a line of printable ASCII. */
    void line(String line) throws IOException {
        try {
            out.write((line + '\n').getBytes(US_ASCII));
        } catch (IOException e) {
            throw new Closed(e);
        }
    }

    /** The failure to write: whoever read the output has gone, or a disk is full. */
    static final class Closed extends IOException {
        private static final long serialVersionUID = 1L;

        Closed(IOException cause) {
            super("cannot write to standard output: " + cause.getMessage(), cause);
        }
    }
}
