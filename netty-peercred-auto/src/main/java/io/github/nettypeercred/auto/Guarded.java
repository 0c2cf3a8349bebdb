// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.bootstrap.ServerBootstrap;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;

/**
 * The main class that checks whether the guard would be in force, and starts an application's own main class if it is:
 *
 * <pre>
 * java -Dnettypeercred.auto.policy=/etc/app/peers.toml -cp ... io.github.nettypeercred.auto.Guarded com.example.Main arguments
 * </pre>
 *
 * <p>It sets {@code io.netty.bootstrap.extensions} if that is not set. Without a main class it checks alone, with the exit status 0 if all is well and 1 if not:
 * there is nothing in an application that could notice that Netty does not load the extension.
 */
public final class Guarded {
    private static final String SERVICE_LOAD = "serviceload";

    private Guarded() {}

    /**
     * Checks, and starts what it is told to.
     *
     * @param args the name of a main class and its arguments; or nothing
     * @throws Throwable what that class throws
     */
    public static void main(String[] args) throws Throwable {
        if (args.length > 0) {
            System.getProperties().putIfAbsent(ChannelInitializerExtension.EXTENSIONS_SYSTEM_PROPERTY, SERVICE_LOAD);
        }
        List<String> problems = problems(System.getProperties(), Guard.ofProcess());
        problems.forEach(problem -> System.err.println("netty-peercred-auto: " + problem));
        if (!problems.isEmpty()) {
            System.exit(1);
        }
        if (args.length == 0) {
            System.out.println("netty-peercred-auto: servers on Unix sockets are guarded by "
                    + Guard.ofProcess().settings().policy());
            return;
        }
        try {
            Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    static List<String> problems(Properties properties, Guard guard) {
        List<String> problems = new ArrayList<>();
        String extensions = properties.getProperty(ChannelInitializerExtension.EXTENSIONS_SYSTEM_PROPERTY);
        if (!SERVICE_LOAD.equalsIgnoreCase(extensions)) {
            problems.add("Netty loads no extension: set -D" + ChannelInitializerExtension.EXTENSIONS_SYSTEM_PROPERTY
                    + "=" + SERVICE_LOAD);
        }
        if (!isFoundByNetty()) {
            problems.add("Netty would not find the extension: it looks with the class loader of "
                    + ServerBootstrap.class.getName() + ", and this jar is not there");
        }
        if (guard.settings().isOff()) {
            problems.add("-D" + Settings.POLICY + " is off");
        } else {
            try {
                guard.authorization().get();
            } catch (ExecutionException e) {
                problems.add(Guard.why(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                problems.add("interrupted");
            }
        }
        return problems;
    }

    private static boolean isFoundByNetty() {
        return ServiceLoader.load(ChannelInitializerExtension.class, ServerBootstrap.class.getClassLoader()).stream()
                .anyMatch(provider -> provider.type() == GuardExtension.class);
    }
}
