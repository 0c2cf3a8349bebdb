// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.microbench.Servers.Kind;
import java.util.EnumMap;
import java.util.Map;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What the batches of one iteration came to, by the servers' kind: the median time of a batch, so that one which the
 * machine interrupted does not count more than others, and the median of the bytes that the event loop allocated in it.
 */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Totals {
    public double plainNanos;
    public double plainBytes;
    public double oneShotNanos;
    public double oneShotBytes;
    public double systemCallNanos;
    public double systemCallBytes;
    public double acceptNanos;
    public double acceptBytes;
    public double limitsNanos;
    public double limitsBytes;
    public double idsNanos;
    public double idsBytes;
    public double allNanos;
    public double allBytes;
    public double firstReadNanos;
    public double firstReadBytes;
    public double everyReadNanos;
    public double everyReadBytes;
    public double envelopesNanos;
    public double envelopesBytes;
    public double policyNanos;
    public double policyBytes;

    /** JMH sets it to 0 as an iteration begins. */
    public long batches;

    private final Map<Kind, Samples> nanos = new EnumMap<>(Kind.class);
    private final Map<Kind, Samples> bytes = new EnumMap<>(Kind.class);

    void add(Kind kind, long batchNanos, long batchBytes) {
        if (batches == 0) {
            nanos.remove(kind);
            bytes.remove(kind);
        }
        double medianNanos = add(nanos, kind, batchNanos);
        double medianBytes = add(bytes, kind, batchBytes);
        switch (kind) {
            case PLAIN -> {
                plainNanos = medianNanos;
                plainBytes = medianBytes;
            }
            case ONE_SHOT -> {
                oneShotNanos = medianNanos;
                oneShotBytes = medianBytes;
            }
            case SYSTEM_CALL -> {
                systemCallNanos = medianNanos;
                systemCallBytes = medianBytes;
            }
            case ACCEPT -> {
                acceptNanos = medianNanos;
                acceptBytes = medianBytes;
            }
            case LIMITS -> {
                limitsNanos = medianNanos;
                limitsBytes = medianBytes;
            }
            case IDS -> {
                idsNanos = medianNanos;
                idsBytes = medianBytes;
            }
            case ALL -> {
                allNanos = medianNanos;
                allBytes = medianBytes;
            }
            case FIRST_READ -> {
                firstReadNanos = medianNanos;
                firstReadBytes = medianBytes;
            }
            case EVERY_READ -> {
                everyReadNanos = medianNanos;
                everyReadBytes = medianBytes;
            }
            case ENVELOPES -> {
                envelopesNanos = medianNanos;
                envelopesBytes = medianBytes;
            }
            case POLICY -> {
                policyNanos = medianNanos;
                policyBytes = medianBytes;
            }
        }
    }

    static <K> double add(Map<K, Samples> all, K kind, long value) {
        Samples samples = all.computeIfAbsent(kind, unused -> new Samples());
        samples.add((double) value);
        return samples.median();
    }
}
