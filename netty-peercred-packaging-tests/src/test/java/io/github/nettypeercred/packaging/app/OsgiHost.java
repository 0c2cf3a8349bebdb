// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.packaging.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Installs bundles in an OSGi framework, starts them in that order and runs the main method of a class of the last one. Arguments: the
 * framework's folder, the class, the jars.
 */
public final class OsgiHost {
    private OsgiHost() {}

    public static void main(String[] args) throws Exception {
        Framework framework = ServiceLoader.load(FrameworkFactory.class)
                .findFirst()
                .orElseThrow()
                .newFramework(Map.of(Constants.FRAMEWORK_STORAGE, args[0]));
        framework.start();
        try {
            List<Bundle> bundles = new ArrayList<>();
            for (String jar : List.of(args).subList(2, args.length)) {
                bundles.add(framework
                        .getBundleContext()
                        .installBundle(Path.of(jar).toUri().toString()));
            }
            for (Bundle bundle : bundles) {
                if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                    bundle.start();
                }
            }
            bundles.get(bundles.size() - 1)
                    .loadClass(args[1])
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) new String[0]);
            for (Bundle bundle : bundles) {
                System.out.println(bundle.getSymbolicName() + " " + state(bundle));
            }
        } finally {
            framework.stop();
            framework.waitForStop(10_000);
        }
    }

    private static String state(Bundle bundle) {
        return switch (bundle.getState()) {
            case Bundle.ACTIVE -> "active";
            case Bundle.RESOLVED -> "resolved";
            default -> "state " + bundle.getState();
        };
    }
}
