// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.micrometer;

import io.github.nettypeercred.PeerCredentialsAcceptHandler;
import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.PeerCounters;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.limits.Limit;
import io.github.nettypeercred.authz.limits.PeerLimits;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/**
 * Meters of what a server decides about its peers. Nothing is counted twice for them: they read the counters that are there, when a registry asks, so a
 * connection costs no more.
 *
 * <pre>{@code
 * PeerMetrics.of(authorization, Tags.of("server", "submission")).bindTo(registry);
 * PeerMetrics.of(limits, Tags.of("server", "submission")).bindTo(registry);
 * }</pre>
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name<th>tags<th>counts
 * <tr><td>{@code peercred.decisions}<td>{@code outcome} (allowed, denied), {@code reason} ({@link Reason} in lower case; none)<td>decisions
 * <tr><td>{@code peercred.grants.refused}<td><td>actions for which a grant was lacking
 * <tr><td>{@code peercred.revoked}<td><td>open connections that lost their access
 * <tr><td>{@code peercred.datagrams.dropped}<td><td>datagrams of denied senders
 * <tr><td>{@code peercred.candidate.differed}<td><td>decisions of the policy on trial that differ
 * <tr><td>{@code peercred.writes.failed}<td><td>writes to peers that were not let in
 * <tr><td>{@code peercred.answers.stale}<td><td>answers by a policy that was replaced meanwhile
 * <tr><td>{@code peercred.policy.generation}<td><td>the number of the policy in force (a gauge)
 * <tr><td>{@code peercred.policy.kept}<td><td>policy files with something wrong, that were not put in force
 * <tr><td>{@code peercred.accept.refused}<td><td>connections that a {@link PeerCredentialsAcceptHandler} has refused
 * <tr><td>{@code peercred.limits.refused}, {@code peercred.limits.slowed}<td>{@code limit} ({@link Limit} in lower case)<td>peers over a limit
 * <tr><td>{@code peercred.limits.connections}, {@code peercred.limits.accounts}<td><td>what is open now (gauges)
 * </table>
 *
 * <p><strong>No tag names a peer.</strong> uids, pids and what peers send would make as many time series as there are users, for good, and a user with a
 * range of subordinate uids could make 65 536 by itself. Who was denied is in the log.
 *
 * <p>A registry keeps what it reads from being collected for as long as it lives. Bind each once, with tags that tell servers apart.
 */
public final class PeerMetrics {
    private static final String PREFIX = "peercred.";

    private PeerMetrics() {}

    /**
     * Makes the meters of the decisions of one server.
     *
     * @param authorization what decides there
     * @param tags what tells it from other servers; may be empty
     * @return binds them, to any number of registries
     */
    public static MeterBinder of(PeerAuthorization authorization, Iterable<Tag> tags) {
        PeerCounters counters = authorization.counters();
        Tags common = Tags.of(tags);
        return registry -> {
            count(
                    registry,
                    "decisions",
                    common.and("outcome", "allowed", "reason", "none"),
                    counters,
                    PeerCounters::allowed);
            for (Reason reason : Reason.values()) {
                count(
                        registry,
                        "decisions",
                        common.and("outcome", "denied", "reason", word(reason)),
                        counters,
                        now -> now.denied(reason));
            }
            count(registry, "grants.refused", common, counters, PeerCounters::refused);
            count(registry, "revoked", common, counters, PeerCounters::revoked);
            count(registry, "datagrams.dropped", common, counters, PeerCounters::dropped);
            count(registry, "candidate.differed", common, counters, PeerCounters::differed);
            count(registry, "writes.failed", common, counters, PeerCounters::failedWrites);
            count(registry, "answers.stale", common, counters, PeerCounters::stale);
            count(registry, "policy.kept", common, counters, PeerCounters::kept);
            gauge(registry, "policy.generation", common, authorization, PeerAuthorization::generation);
        };
    }

    /**
     * Makes the meters of limits.
     *
     * @param limits the limits
     * @param tags what tells them from others; may be empty
     * @return binds them, to any number of registries
     */
    public static MeterBinder of(PeerLimits limits, Iterable<Tag> tags) {
        Objects.requireNonNull(limits, "limits");
        Tags common = Tags.of(tags);
        return registry -> {
            for (Limit limit : Limit.values()) {
                Tags each = common.and("limit", word(limit));
                count(registry, "limits.refused", each, limits, now -> now.refusedCount(limit));
                count(registry, "limits.slowed", each, limits, now -> now.slowedCount(limit));
            }
            gauge(registry, "limits.connections", common, limits, PeerLimits::connectionCount);
            gauge(registry, "limits.accounts", common, limits, PeerLimits::accountCount);
        };
    }

    /**
     * Makes the meter of a handler that refuses at accept.
     *
     * @param handler the handler
     * @param tags what tells it from others; may be empty
     * @return binds it, to any number of registries
     */
    public static MeterBinder of(PeerCredentialsAcceptHandler handler, Iterable<Tag> tags) {
        Objects.requireNonNull(handler, "handler");
        Tags common = Tags.of(tags);
        return registry ->
                count(registry, "accept.refused", common, handler, PeerCredentialsAcceptHandler::refusedCount);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <T> void count(
            MeterRegistry registry, String name, Tags tags, T counted, ToDoubleFunction<T> count) {
        // The counter holds it weakly: the function has to hold it too, or the count would vanish with the server.
        FunctionCounter.builder(PREFIX + name, counted, ignored -> count.applyAsDouble(counted))
                .tags(tags)
                .register(registry);
    }

    private static <T> void gauge(
            MeterRegistry registry, String name, Tags tags, T measured, ToDoubleFunction<T> value) {
        Gauge.builder(PREFIX + name, measured, value)
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
