// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.grpc;

import io.grpc.MethodDescriptor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which grant a method takes. A method's own entry goes before its service's. Immutable. */
final class MethodGrants {
    /** By the full name of a method, or the name of a service: the grant, or empty if none is needed. */
    private final Map<String, Optional<String>> entries;

    private final boolean othersAllowed;

    MethodGrants(Map<String, Optional<String>> entries, boolean othersAllowed) {
        this.entries = new HashMap<>(entries);
        this.othersAllowed = othersAllowed || entries.isEmpty();
    }

    /** Returns the grant that a method takes, null if none. Without allocation. */
    @Nullable
    String required(MethodDescriptor<?, ?> method) {
        Optional<String> entry = entries.get(method.getFullMethodName());
        if (entry == null) {
            entry = entries.get(method.getServiceName());
        }
        if (entry != null) {
            return entry.orElse(null);
        }
        return othersAllowed ? null : method.getFullMethodName();
    }
}
