// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the system properties say.
 *
 * @param policy the policy file; null if the guard is off or there is a problem
 * @param openDatagrams whether sockets for datagrams are left alone
 * @param problem why no server may be started; null if there is nothing wrong
 */
record Settings(@Nullable Path policy, boolean openDatagrams, @Nullable String problem) {
    static final String PREFIX = "nettypeercred.auto.";
    static final String POLICY = PREFIX + "policy";
    static final String DATAGRAMS = PREFIX + "datagrams";

    private static final String OFF = "off";
    private static final String OPEN = "open";

    static Settings of(Properties properties) {
        Set<String> names = new TreeSet<>(properties.stringPropertyNames());
        for (String name : names) {
            if (name.startsWith(PREFIX) && !name.equals(POLICY) && !name.equals(DATAGRAMS)) {
                return wrong("there is no property -D" + name + ": there are " + POLICY + " and " + DATAGRAMS);
            }
        }
        String datagrams = properties.getProperty(DATAGRAMS);
        if (datagrams != null && !datagrams.equals(OPEN)) {
            return wrong("-D" + DATAGRAMS + " is \"" + datagrams + "\": set it to " + OPEN + ", or not at all");
        }
        String policy = properties.getProperty(POLICY);
        if (policy == null) {
            return wrong("netty-peercred-auto is on the class path and no policy is set: set -D" + POLICY
                    + " to the absolute path of a policy file, or to " + OFF);
        }
        if (policy.equals(OFF)) {
            return new Settings(null, true, null);
        }
        try {
            Path path = Path.of(policy);
            return path.isAbsolute()
                    ? new Settings(path, datagrams != null, null)
                    : wrong("-D" + POLICY + " is \"" + policy + "\", which is no absolute path: set it to one, or to "
                            + OFF);
        } catch (InvalidPathException e) {
            return wrong("-D" + POLICY + " is no path: " + e.getMessage());
        }
    }

    private static Settings wrong(String problem) {
        return new Settings(null, false, problem);
    }

    boolean isOff() {
        return policy == null && problem == null;
    }
}
