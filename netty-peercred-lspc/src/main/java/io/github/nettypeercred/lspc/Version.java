// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version of this program, which the build writes into a resource. */
final class Version implements IVersionProvider {
    Version() {}

    @Override
    public String[] getVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("lspc.properties")) {
            properties.load(in);
        }
        return new String[] {"lspc " + properties.getProperty("version")};
    }
}
