// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.auto;

import io.github.nettypeercred.authz.PeerAuthorization;
import io.github.nettypeercred.authz.names.Names;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** What guards all servers of this process: one policy, read once a server wants to start, and again when the file changes. For any thread. */
final class Guard {
    private static final Duration WATCH = Duration.ofSeconds(1);
    private static final long LONGEST_LOAD_SECONDS = 30;

    private final Settings settings;

    private @Nullable CompletableFuture<PeerAuthorization> loading;

    Guard(Settings settings) {
        this.settings = settings;
    }

    /** The one of this process: Netty may make an extension several times. */
    static Guard ofProcess() {
        return OfProcess.GUARD;
    }

    private static final class OfProcess {
        static final Guard GUARD = new Guard(Settings.of(System.getProperties()));

        static {
            if (GUARD.settings.isOff()) {
                Log.LOGGER.warn("-D{} is off: no Unix-socket server is guarded", Settings.POLICY);
            }
        }
    }

    Settings settings() {
        return settings;
    }

    /**
     * What decides, once it is loaded, without blocking. Where that failed it is tried anew each time: the file may have been put right.
     *
     * @return fails with why there is none
     */
    synchronized CompletableFuture<PeerAuthorization> authorization() {
        if (settings.problem() != null) {
            return CompletableFuture.failedFuture(new IllegalStateException(settings.problem()));
        }
        Path policy = Objects.requireNonNull(settings.policy());
        CompletableFuture<PeerAuthorization> now = loading;
        if (now == null || now.isCompletedExceptionally()) {
            now = CompletableFuture.supplyAsync(() -> load(policy), Threads.WATCHER)
                    .orTimeout(LONGEST_LOAD_SECONDS, TimeUnit.SECONDS);
            loading = now;
        }
        return now;
    }

    /** What an {@link #authorization()} that failed says, in one line. */
    static String why(Throwable failure) {
        boolean isWrapped = failure instanceof CompletionException || failure instanceof ExecutionException;
        Throwable cause = isWrapped && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof TimeoutException) {
            return "its policy was not there after " + LONGEST_LOAD_SECONDS + " s";
        }
        boolean says = cause instanceof Exception && cause.getMessage() != null; // an Error's message is a mere name
        return says ? String.valueOf(cause.getMessage()) : cause.toString();
    }

    private static PeerAuthorization load(Path policy) {
        PeerAuthorization authorization = PeerAuthorization.builder(policy)
                .names(Names.builder(Threads.NAMES).build())
                .decideAgain()
                .atAccept()
                .build();
        authorization.watch(Threads.WATCHER, WATCH);
        return authorization;
    }

    private static final class Threads {
        static final ScheduledExecutorService WATCHER = Executors.newSingleThreadScheduledExecutor(named("policy"));
        static final Executor NAMES = Executors.newCachedThreadPool(named("names")); // which bounds look-ups itself

        static ThreadFactory named(String what) {
            return task -> {
                Thread thread = new Thread(task, "netty-peercred-auto " + what);
                thread.setDaemon(true);
                return thread;
            };
        }
    }
}
