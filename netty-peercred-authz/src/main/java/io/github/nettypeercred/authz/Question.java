// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Answer;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.authz.PeerAuthorization.State;
import io.github.nettypeercred.authz.PeerDecision.Deny;
import io.github.nettypeercred.authz.PeerDecision.Reason;
import io.github.nettypeercred.authz.internal.EventLoops;
import io.github.nettypeercred.process.PeerProcess;
import io.github.nettypeercred.process.ProcessFacts;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A decision that takes its time. It is answered once, on the channel's event loop: by what decides, by a failure of that, or by the deadline. An answer
 * by what is not in force any more is discarded, and it is asked again.
 */
final class Question {
    private final PeerAuthorization authorization;
    private final PeerEvidence evidence;
    private final Channel channel;
    private final BiFunction<PeerPolicy, PeerEvidence, PeerDecision> decider;
    private final Consumer<PeerAccess> receiver;
    private final long began = System.nanoTime();

    private @Nullable Future<?> timer;
    private boolean over;

    /**
     * Makes one.
     *
     * @param decider how a policy decides
     */
    Question(
            PeerAuthorization authorization,
            PeerEvidence evidence,
            BiFunction<PeerPolicy, PeerEvidence, PeerDecision> decider,
            Channel channel,
            Consumer<PeerAccess> receiver) {
        this.authorization = authorization;
        this.evidence = evidence;
        this.decider = decider;
        this.channel = channel;
        this.receiver = receiver;
    }

    /** Asks, on the event loop. The answer may come before this returns. */
    void ask(Duration deadline) {
        try {
            timer = channel.eventLoop()
                    .schedule(
                            () -> EventLoops.execute(channel, this::timeOut), deadline.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            Log.debug("the event loop is shut down: nothing is decided", e);
            return;
        }
        attempt();
    }

    /** Wants no answer any more. */
    void cancel() {
        over = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void timeOut() {
        answer(new Deny(Reason.TIMED_OUT, Optional.empty(), Optional.empty()), authorization.generation());
    }

    private void attempt() {
        State state = authorization.state();
        Future<PeerDecision> future;
        try {
            future = Objects.requireNonNull(start(state), "the authorizer gave no future");
        } catch (Throwable e) {
            Log.debug("the authorizer threw", e);
            answer(PeerAuthorization.failed(), state.generation());
            return;
        }
        future.addListener(done -> EventLoops.execute(channel, () -> arrive(state.generation(), future)));
    }

    private Future<PeerDecision> start(State state) {
        PeerPolicy policy = state.policy();
        if (policy == null) {
            return Objects.requireNonNull(authorization.authorizer()).authorize(evidence, channel.eventLoop());
        }
        PeerDecision decision = decider.apply(policy, evidence);
        if (authorization.wantsProcess(decision, evidence)
                && evidence.subject() instanceof UnixPeerCredentials peer
                && peer.process() instanceof Answer.Known<PeerProcess> process) {
            Promise<PeerDecision> promise = channel.eventLoop().newPromise();
            process.known()
                    .facts(Objects.requireNonNull(authorization.factsExecutor()))
                    .whenComplete((facts, failure) -> {
                        if (failure == null) {
                            decideWith(promise, policy, facts);
                        } else {
                            promise.tryFailure(failure);
                        }
                    });
            return promise;
        }
        return channel.eventLoop().newSucceededFuture(decision);
    }

    private void decideWith(Promise<PeerDecision> promise, PeerPolicy policy, ProcessFacts facts) {
        try {
            promise.trySuccess(decider.apply(
                    policy,
                    evidence.withProcess(new ProcessEvidence(facts.executable(), facts.commandLine(), facts.unit()))));
        } catch (Throwable e) {
            promise.tryFailure(e);
        }
    }

    private void arrive(long generation, Future<PeerDecision> future) {
        if (over) {
            return;
        }
        if (authorization.generation() != generation) {
            authorization.counters().stale.increment();
            attempt();
            return;
        }
        if (!future.isSuccess() || future.getNow() == null) {
            Log.debug("no decision", future.cause() == null ? new NullPointerException("decision") : future.cause());
            answer(PeerAuthorization.failed(), generation);
            return;
        }
        answer(future.getNow(), generation);
    }

    private void answer(PeerDecision decision, long generation) {
        if (!over) {
            cancel();
            authorization.audit().asked(System.nanoTime() - began);
            receiver.accept(authorization.access(decision, generation));
        }
    }
}
