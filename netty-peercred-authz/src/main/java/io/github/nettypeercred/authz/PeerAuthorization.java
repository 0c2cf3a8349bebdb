// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.authz.names.Names;
import io.netty.channel.Channel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What decides about the peers of a server: a policy that may be replaced while connections are open, or an authorizer of the
 * application's; and what is counted and said of the decisions. Make one for a server, and of it a {@link PeerAuthorizationHandler} for each
 * channel. May be used from any thread.
 *
 * <pre>{@code
 * PeerAuthorization authorization = PeerAuthorization.builder(Path.of("/etc/example/peers.toml")).build();
 * channel.pipeline().addLast(new PeerCredentialsHandler(), new PeerAuthorizationHandler(authorization), new MyIpcHandler());
 * }</pre>
 */
public final class PeerAuthorization {
    private final @Nullable PeerAuthorizer authorizer;
    private final @Nullable Path file;
    private final boolean enforced;
    private final boolean decideAgain;
    private final boolean atAccept;
    private final Audit audit;
    private final @Nullable Names names;
    private final @Nullable Executor factsExecutor;
    private final OpenConnections open = new OpenConnections(this);

    /** Held while a file is read and put in force, so that of two reloads the one that read later wins. */
    private final Object reloading = new Object();

    private volatile State state;

    /**
     * What is in force.
     *
     * @param policy null if an authorizer decides
     */
    record State(long generation, @Nullable PeerPolicy policy, @Nullable PeerPolicy candidate) {}

    private PeerAuthorization(Builder builder, @Nullable PeerPolicy policy) {
        authorizer = builder.authorizer;
        file = builder.file;
        enforced = !builder.shadow;
        decideAgain = builder.decideAgain;
        atAccept = builder.atAccept;
        audit = new Audit(builder.listener);
        names = builder.names;
        factsExecutor = builder.factsExecutor;
        check(policy);
        state = new State(1, policy, builder.candidate);
        if (!enforced) {
            Log.warn("SHADOW MODE: no denial is enforced, every peer whose credentials are captured is let in. "
                    + "Decisions are counted and logged only: " + (policy == null ? "an authorizer" : policy));
        }
    }

    /**
     * Makes one of a policy that is in force for good, unless it is {@linkplain #replace replaced}.
     *
     * @param policy the policy
     * @return a new object
     */
    public static PeerAuthorization of(PeerPolicy policy) {
        return builder(policy).build();
    }

    /**
     * Begins one of a policy.
     *
     * @param policy the policy
     * @return a new builder
     */
    public static Builder builder(PeerPolicy policy) {
        return new Builder(Objects.requireNonNull(policy, "policy"), null, null);
    }

    /**
     * Begins one of a policy file, which {@link Builder#build()} reads and {@link #reload()} reads again.
     *
     * @param file an absolute path
     * @return a new builder
     */
    public static Builder builder(Path file) {
        return new Builder(null, Objects.requireNonNull(file, "file"), null);
    }

    /**
     * Begins one of an authorizer of the application's.
     *
     * @param authorizer decides, now or later
     * @return a new builder
     */
    public static Builder builder(PeerAuthorizer authorizer) {
        return new Builder(null, null, Objects.requireNonNull(authorizer, "authorizer"));
    }

    /** Says what is decided and told. Not for several threads at once. */
    public static final class Builder {
        private final @Nullable PeerPolicy policy;
        private final @Nullable Path file;
        private final @Nullable PeerAuthorizer authorizer;
        private boolean shadow;
        private boolean decideAgain;
        private boolean atAccept;
        private @Nullable PeerPolicy candidate;
        private PeerAuthorizationListener listener = new PeerAuthorizationListener() {};
        private @Nullable Names names;
        private @Nullable Executor factsExecutor;

        private Builder(@Nullable PeerPolicy policy, @Nullable Path file, @Nullable PeerAuthorizer authorizer) {
            this.policy = policy;
            this.file = file;
            this.authorizer = authorizer;
        }

        /**
         * Decides and tells, and enforces nothing: whoever is captured is let in. Says so at warn when built. Grants are still those that a rule
         * gives, so handlers that ask for one get the decision's own answer. A channel without a capture is closed all the same.
         *
         * @return this builder
         */
        public Builder shadow() {
            shadow = true;
            return this;
        }

        /**
         * Has a policy decide beside the one in force, to try it on real traffic: where it decides otherwise that is counted, logged and told,
         * and nothing else.
         *
         * @param newCandidate the policy on trial
         * @return this builder
         */
        public Builder candidate(PeerPolicy newCandidate) {
            candidate = Objects.requireNonNull(newCandidate, "candidate");
            return this;
        }

        /**
         * Decides again about open connections when a policy replaces another, and closes those that lost access. It costs an
         * entry a connection.
         *
         * @return this builder
         */
        public Builder decideAgain() {
            decideAgain = true;
            return this;
        }

        /**
         * Takes only policies that decide on who connected, for a {@link PeerAuthorizationAcceptHandler}: one with a rule about the peer's process, about
         * a certificate or about who sends is refused, by {@link #build()}, {@link PeerAuthorization#replace} and {@link PeerAuthorization#reload}.
         *
         * @return this builder
         */
        public Builder atAccept() {
            atAccept = true;
            return this;
        }

        /**
         * Tells a listener of all that is decided.
         *
         * @param newListener the listener
         * @return this builder
         */
        public Builder listener(PeerAuthorizationListener newListener) {
            listener = Objects.requireNonNull(newListener, "listener");
            return this;
        }

        /**
         * Gives access to the account database, which rules with {@code max-age} ask for the groups that a user {@linkplain Names#groupsNow has by
         * now}.
         *
         * @param newNames the names of this system
         * @return this builder
         */
        public Builder names(Names newNames) {
            names = Objects.requireNonNull(newNames, "names");
            return this;
        }

        /**
         * Looks up what a peer's process is where a rule that denies by it wants to know. The capture has to ask for the process.
         * Without this such a rule denies, as anything unknown does.
         *
         * @param executor where {@code /proc} is read: not an event loop
         * @return this builder
         */
        public Builder processFacts(Executor executor) {
            factsExecutor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Makes it; reads the file, if it is of one, and then blocks.
         *
         * @return a new object
         * @throws PolicyException if there is anything wrong with the file, or if {@link #atAccept()} does not take the policy
         * @throws IllegalStateException if a rule has a {@code max-age} and there are no {@link #names}, or on an event loop, of a file; and if
         *     {@link #atAccept()} was called of an authorizer
         */
        public PeerAuthorization build() {
            if (atAccept && authorizer != null) {
                throw new IllegalStateException("an authorizer may take its time: it cannot decide at accept");
            }
            return new PeerAuthorization(this, file == null ? policy : PeerPolicy.load(file));
        }
    }

    private void check(@Nullable PeerPolicy policy) {
        if (policy != null && policy.hasMaxAge() && names == null) {
            throw new IllegalStateException(
                    "a rule has a max-age, which takes the account database: call names(..) of the builder");
        }
        if (policy != null && atAccept) {
            policy.ensureDecidesAtAccept();
        }
    }

    /**
     * Returns the policy in force.
     *
     * @return the policy, empty if an authorizer decides
     */
    public Optional<PeerPolicy> policy() {
        return Optional.ofNullable(state.policy);
    }

    /**
     * Returns the number of what is in force.
     *
     * @return 1 or more, one more each time
     */
    public long generation() {
        return state.generation;
    }

    /**
     * Returns how often what was decided.
     *
     * @return the counters
     */
    public PeerCounters counters() {
        return audit.counters();
    }

    /**
     * Returns whether denials are only told.
     *
     * @return whether this was built with {@link Builder#shadow()}
     */
    public boolean isShadow() {
        return !enforced;
    }

    /**
     * Puts another policy in force, from the next decision on.
     *
     * @param policy the policy
     * @return its generation
     * @throws IllegalStateException if an authorizer decides
     * @throws PolicyException if {@link Builder#atAccept()} does not take the policy
     */
    public long replace(PeerPolicy policy) {
        Objects.requireNonNull(policy, "policy");
        if (authorizer != null) {
            throw new IllegalStateException("an authorizer decides here: call discardDecisions()");
        }
        check(policy);
        return advance(policy);
    }

    private long advance(@Nullable PeerPolicy policy) {
        long generation;
        synchronized (this) {
            State before = state;
            generation = before.generation + 1;
            state = new State(generation, policy == null ? before.policy : policy, before.candidate);
        }
        audit.replaced(generation);
        if (decideAgain) {
            open.decideAgain();
        }
        return generation;
    }

    /**
     * Discards what was decided so far: answers that are still to come are asked for again and, if this was built with {@link
     * Builder#decideAgain()}, open connections are decided about again. For those whom an authorizer decides about: something has changed in its
     * directory.
     *
     * @return the new generation
     */
    public long discardDecisions() {
        return advance(null);
    }

    /**
     * Puts another policy on trial, or none.
     *
     * @param candidate the policy, null for none
     */
    public synchronized void replaceCandidate(@Nullable PeerPolicy candidate) {
        state = new State(state.generation, state.policy, candidate);
    }

    /**
     * Reads the policy file again and puts it in force. If there is anything wrong with it the policy before stays, which is logged at warn
     * and told to the listener. It blocks.
     *
     * @return which of the two
     * @throws IllegalStateException if this was not made of a file, or on an event loop
     */
    public PolicyReload reload() {
        Path path = file;
        if (path == null) {
            throw new IllegalStateException("there is no file: it was made without");
        }
        PolicyReload outcome = reload(path.toString(), () -> PeerPolicy.load(path));
        if (outcome instanceof PolicyReload.Kept kept) {
            tellKept(kept.reason());
        }
        return outcome;
    }

    /** Tells nobody that the policy before stays. */
    PolicyReload reload(String path, Supplier<PeerPolicy> loader) {
        EventLoops.ensureMayBlock("PeerAuthorization.reload");
        synchronized (reloading) {
            try {
                PeerPolicy policy = loader.get();
                if (policy.hasMaxAge() && names == null) {
                    throw new Place(path, 1, 1)
                            .error("a rule has a max-age, and this server was built without names(..)");
                }
                check(policy);
                long generation = advance(policy);
                Log.LOGGER.info("{} is in force, generation {}", path, generation);
                return new PolicyReload.Replaced(generation);
            } catch (PolicyException e) {
                return new PolicyReload.Kept(e);
            }
        }
    }

    private void tellKept(PolicyException reason) {
        Log.warn("the policy stays as it was: " + reason.getMessage());
        audit.kept(reason);
    }

    /**
     * Reloads the policy file whenever it has changed: another file under its name, another size or time. A file that there is anything
     * wrong with is read again each time, since what is wrong may be a folder, or a directory of names; the same reason is logged
     * and told once.
     *
     * @param executor looks, and reads, which blocks: not an event loop
     * @param interval how often to look, more than 0
     * @return stops it when closed
     * @throws IllegalStateException if this was not made of a file
     */
    public AutoCloseable watch(ScheduledExecutorService executor, Duration interval) {
        Path path = file;
        if (path == null) {
            throw new IllegalStateException("there is no file: it was made without");
        }
        PolicyWatch watch =
                new PolicyWatch(path, () -> reload(path.toString(), () -> PeerPolicy.load(path)), this::tellKept);
        return PolicyWatch.start(watch, executor, interval);
    }

    /**
     * Returns a predicate for {@code PeerCredentialsAcceptHandler.builder().allowIf(..)}: it decides on who connected before a connection has a
     * pipeline. A rule that wants to know who sent never matches there, and an authorizer, which may take its time, is not asked: everybody
     * is refused.
     *
     * @return the predicate, which follows replacements
     */
    public Predicate<UnixPeerCredentials> acceptPredicate() {
        return peer -> {
            PeerEvidence evidence = PeerEvidence.of(peer);
            State now = state;
            PeerAccess access = decideAtAccept(evidence, now);
            audit.decided("accept", null, evidence, access, now);
            return access.letsIn();
        };
    }

    /** Decides on who connected, by what is in force now or was just now. */
    PeerAccess decideAtAccept(PeerEvidence evidence, State now) {
        PeerDecision decision = now.policy == null ? failed() : now.policy.decide(evidence);
        return new PeerAccess(decision, now.generation, enforced);
    }

    boolean isAtAccept() {
        return atAccept;
    }

    /**
     * Returns whether the peer of a channel may do something, by a grant, and tells it like any denial if it may not: counted, logged at info,
     * and told to the listener and the flight recorder. For handlers behind a {@link PeerAuthorizationHandler}; {@link PeerAccess#has} is the
     * same and tells nobody. May be called from any thread.
     *
     * @param channel the channel of the connection, or a child of it such as an HTTP/2 stream, which has the grants of its connection
     * @param grant a name that a rule gives
     * @param action what the peer is about to do, for the log: it may hold anything, what the peer sent too
     * @return whether the decision about the channel gave the grant; no rule's grant is given in shadow mode either
     */
    public boolean permits(Channel channel, String grant, String action) {
        Objects.requireNonNull(action, "action");
        PeerAccess access = PeerAccess.of(channel);
        if (access.has(grant)) {
            return true;
        }
        audit.refused(channel, access, grant, action);
        return false;
    }

    Audit audit() {
        return audit;
    }

    State state() {
        return state;
    }

    @Nullable
    PeerAuthorizer authorizer() {
        return authorizer;
    }

    @Nullable
    Executor factsExecutor() {
        return factsExecutor;
    }

    @Nullable
    Names names() {
        return names;
    }

    OpenConnections open() {
        return open;
    }

    boolean keepsOpenConnections() {
        return decideAgain;
    }

    boolean needsSender() {
        PeerPolicy policy = state.policy;
        return policy != null && policy.needsSender();
    }

    PeerAccess access(PeerDecision decision, long generation) {
        return new PeerAccess(decision, generation, enforced);
    }

    static PeerDecision failed() {
        return new Deny(Reason.AUTHORIZER_FAILED, Optional.empty(), Optional.empty());
    }

    /** Decides at once, if that can be done: else null, and it takes a {@link Question}. */
    @Nullable
    PeerAccess decideNow(PeerEvidence evidence) {
        return decideNow(evidence, PeerPolicy::decide);
    }

    /** The same, by a policy in another way. */
    @Nullable
    PeerAccess decideNow(PeerEvidence evidence, BiFunction<PeerPolicy, PeerEvidence, PeerDecision> decider) {
        State now = state;
        Reason reason = evidence.certificateDenial();
        if (reason != null) { // no rule, no authorizer and no shadow mode can change it
            return new PeerAccess(new Deny(reason, Optional.empty(), Optional.empty()), now.generation, true);
        }
        if (now.policy == null) {
            return null;
        }
        PeerDecision decision;
        try {
            decision = decider.apply(now.policy, evidence);
        } catch (Throwable e) { // or Netty would remove the handler
            Log.warn("the policy threw", e);
            decision = failed();
        }
        return wantsProcess(decision, evidence) ? null : access(decision, now.generation);
    }

    boolean wantsProcess(PeerDecision decision, PeerEvidence evidence) {
        return factsExecutor != null
                && evidence.process() == null
                && decision instanceof Deny deny
                && deny.reason() == Reason.PROCESS_UNKNOWN;
    }

    @Override
    public String toString() {
        State now = state;
        return "PeerAuthorization(generation " + now.generation + ", "
                + (now.policy == null ? "an authorizer" : now.policy)
                + (enforced ? "" : ", shadow") + ')';
    }
}
