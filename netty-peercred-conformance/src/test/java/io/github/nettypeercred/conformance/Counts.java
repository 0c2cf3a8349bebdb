// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.conformance;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** Counts what passed in each setting, which Surefire does not, and prints it in the end. */
public final class Counts implements AfterTestExecutionCallback {
    /** Made by {@link java.util.ServiceLoader}. */
    public Counts() {}

    @Override
    public void afterTestExecution(ExtensionContext context) {
        Setting setting = ((Conforming) context.getRequiredTestInstance()).setting();
        boolean failed = context.getExecutionException().isPresent();
        context.getRoot()
                .getStore(Namespace.create(Counts.class))
                .getOrComputeIfAbsent(Printed.class)
                .all
                .computeIfAbsent(setting + (failed ? " FAILED" : " passed"), unused -> new LongAdder())
                .increment();
        if (failed) {
            System.out.println("conformance: " + setting + ", "
                    + context.getRequiredTestClass().getSimpleName() + "."
                    + context.getRequiredTestMethod().getName() + " failed: "
                    + context.getExecutionException().orElseThrow());
        }
    }

    static final class Printed implements AutoCloseable {
        private final Map<String, LongAdder> all = new ConcurrentSkipListMap<>();

        @Override
        public void close() {
            all.forEach((what, count) -> System.out.println("conformance: " + what + ": " + count));
        }
    }
}
