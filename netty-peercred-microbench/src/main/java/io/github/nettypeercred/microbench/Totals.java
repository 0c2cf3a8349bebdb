// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.microbench.Servers.Kind;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Time spent on the servers of each kind, and bytes that their event loop allocated meanwhile, in one iteration. */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Totals {
    public long plainNanos;
    public long plainBytes;
    public long idsNanos;
    public long idsBytes;
    public long allNanos;
    public long allBytes;
    public long batches;

    void add(Kind kind, long nanos, long bytes) {
        switch (kind) {
            case PLAIN -> {
                plainNanos += nanos;
                plainBytes += bytes;
            }
            case IDS -> {
                idsNanos += nanos;
                idsBytes += bytes;
            }
            case ALL -> {
                allNanos += nanos;
                allBytes += bytes;
            }
        }
    }
}
