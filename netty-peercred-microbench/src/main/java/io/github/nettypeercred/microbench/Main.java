// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs all benchmarks in several rounds, each in a process of its own, and prints medians, ratios and whether the bars are
 * met. It reports and never fails on a bar.
 *
 * <p>Options: {@code --quick} for one round; {@code --rounds N}; {@code --only REGEX} for some of the benchmarks.
 */
public final class Main {
    private static final String CAPTURE = CaptureBenchmark.class.getName() + ".";
    private static final String POLICY = PolicyBenchmark.class.getName() + ".";
    private static final String SERVER = ServerBenchmark.class.getName() + ".";
    private static final String DATAGRAM = DatagramBenchmark.class.getName() + ".";
    private static final String GRPC = GrpcBenchmark.class.getName() + ".";

    /** Nanoseconds an operation, a round each, by benchmark. */
    private final Map<String, Samples> times = new TreeMap<>();

    /** Bytes an operation, a round each, by benchmark. */
    private final Map<String, Samples> bytes = new TreeMap<>();

    /** What the servers' iterations counted, one each, by benchmark and counter. */
    private final Map<String, Samples> counted = new TreeMap<>();

    private int rounds = 7;
    private String only = ".*";

    private Main() {}

    /** Runs. */
    public static void main(String[] args) throws RunnerException, IOException {
        Main main = new Main();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--quick" -> main.rounds = 1;
                case "--rounds" -> main.rounds = Integer.parseInt(args[++i]);
                case "--only" -> main.only = args[++i];
                default -> {
                    System.err.println("usage: [--quick] [--rounds N] [--only REGEX]");
                    System.exit(2);
                }
            }
        }
        main.run();
        main.report();
    }

    private void run() throws RunnerException {
        for (int round = 1; round <= rounds; round++) {
            System.err.printf("round %d of %d%n", round, rounds);
            runTimed(CAPTURE);
            runTimed(POLICY);
            for (String prefix : List.of(SERVER, DATAGRAM, GRPC)) {
                for (RunResult result : run(prefix, 2, TimeValue.seconds(1), 5, TimeValue.seconds(1))) {
                    for (IterationResult iteration :
                            result.getAggregatedResult().getIterationResults()) {
                        for (String counter : iteration.getSecondaryResults().keySet()) {
                            samples(counted, name(result) + '.' + counter).add(score(iteration, counter));
                        }
                    }
                }
            }
        }
    }

    private void runTimed(String prefix) throws RunnerException {
        for (RunResult result : run(prefix, 3, TimeValue.milliseconds(300), 5, TimeValue.milliseconds(200))) {
            String name = name(result);
            Samples iterations = new Samples();
            for (IterationResult iteration : result.getAggregatedResult().getIterationResults()) {
                iterations.add(iteration.getPrimaryResult().getScore());
            }
            samples(times, name).add(iterations.median());
            Result<?> allocated = result.getSecondaryResults().get(AllocationProfiler.BYTES);
            if (allocated != null) {
                samples(bytes, name).add(allocated.getScore());
            }
        }
    }

    private Collection<RunResult> run(
            String prefix, int warmups, TimeValue warmup, int measurements, TimeValue measurement)
            throws RunnerException {
        List<String> jvm = new ArrayList<>(List.of(
                "-Djmh.executor=CUSTOM", "-Djmh.executor.class=" + EventLoopLikeExecutor.class.getName(), "-Xmx512m"));
        if (Runtime.version().feature() >= 22) {
            jvm.add("--enable-native-access=ALL-UNNAMED");
        }
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(prefix.replace(".", "\\.") + only)
                .forks(1)
                .warmupIterations(warmups)
                .warmupTime(warmup)
                .measurementIterations(measurements)
                .measurementTime(measurement)
                .jvmArgs(jvm.toArray(new String[0]))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
        if (!prefix.equals(SERVER)) {
            options.addProfiler(AllocationProfiler.class);
        }
        try {
            return new Runner(options.build()).run();
        } catch (org.openjdk.jmh.runner.NoBenchmarksException e) {
            return List.of();
        }
    }

    private static double score(IterationResult iteration, String counter) {
        return Objects.requireNonNull(iteration.getSecondaryResults().get(counter))
                .getScore();
    }

    private static String name(RunResult result) {
        String full = result.getParams().getBenchmark();
        return full.substring(full.lastIndexOf('.') + 1);
    }

    private static Samples samples(Map<String, Samples> all, String name) {
        return all.computeIfAbsent(name, unused -> new Samples());
    }

    private void report() throws IOException {
        System.out.printf(
                "%s, %s, Linux %s, %d processors, Java %s (%s), %d rounds%n",
                LocalDate.now(java.time.ZoneId.systemDefault()),
                processor(),
                System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.vm.version"),
                System.getProperty("java.vendor"),
                rounds);
        System.out.println("Medians of all rounds; in brackets the middle half.");
        captures(
                "Ids",
                "ids",
                Map.of(
                        "ids1Floor", "loop in C, the floor",
                        "ids2Jni", "one bare JNI call",
                        "ids2Value", "netty-peercred, the value",
                        "ids3Library", "netty-peercred, stored",
                        "ids4LibraryFirstAttribute", "the same as the channel's first attribute",
                        "ids5Netty", "Netty peerCredentials()",
                        "ids6Jnr", "jnr-unixsocket",
                        "ids7Junixsocket", "junixsocket",
                        "ids8Jdk", "JDK SO_PEERCRED"));
        captures(
                "Ids and groups",
                "groups",
                Map.of("groups1Floor", "loop in C, the floor", "groups2Library", "netty-peercred, stored"));
        captures(
                "Ids and pidfd, opened and closed",
                "process",
                Map.of("process1Floor", "loop in C, the floor", "process2Library", "netty-peercred, stored"));
        captures(
                "Ids, groups and pidfd",
                "groupsProcess",
                Map.of(
                        "groupsProcess1Floor", "loop in C, the floor",
                        "groupsProcess2Library", "netty-peercred, stored"));
        decisions();
        servers("Connections accepted and closed", "accept", ServerBenchmark.CONNECTIONS, "connection");
        servers("Messages of 16 KiB echoed", "echo", ServerBenchmark.MESSAGES, "message");
        datagrams();
        calls();
        bars();
    }

    private void calls() {
        Samples plain = counted.get("calls.plainNanos");
        if (plain == null) {
            return;
        }
        System.out.printf("%nUnary gRPC calls%n%n| | a second | x without | a second of the server's processor time |"
                + " x without | bytes a call |%n|---|---|---|---|---|---|%n");
        Samples plainProcessor = samples(counted, "calls.plainProcessorNanos");
        for (String kind : List.of("plain", "lookup", "grants", "context")) {
            Samples nanos = samples(counted, "calls." + kind + "Nanos");
            Samples processor = samples(counted, "calls." + kind + "ProcessorNanos");
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %s | %.0f | %s | %.2f |%n",
                    switch (kind) {
                        case "plain" -> "grpc's server alone";
                        case "lookup" -> "with an interceptor that looks one attribute up";
                        case "grants" -> "with credentials, a policy of 10 rules and a grant for the method";
                        default -> "the same, with the peer in the context";
                    },
                    GrpcBenchmark.CALLS * 1e9 / nanos.median(),
                    plain.over(nanos).format("%.3f"),
                    GrpcBenchmark.CALLS * 1e9 / processor.median(),
                    plainProcessor.over(processor).format("%.3f"),
                    samples(counted, "calls." + kind + "Bytes").median() / GrpcBenchmark.CALLS);
        }
    }

    private void datagrams() {
        Samples plain = counted.get("datagrams.plainNanos");
        if (plain == null) {
            return;
        }
        System.out.printf(
                "%nDatagrams of 200 bytes received%n%n| | a second | x without | a second of the event loop's processor time |"
                        + " x without | bytes a datagram |%n|---|---|---|---|---|---|%n");
        Samples plainProcessor = samples(counted, "datagrams.plainProcessorNanos");
        for (String kind : List.of("plain", "option", "peek", "own")) {
            Samples nanos = samples(counted, "datagrams." + kind + "Nanos");
            Samples processor = samples(counted, "datagrams." + kind + "ProcessorNanos");
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %s | %.0f | %s | %.2f |%n",
                    switch (kind) {
                        case "plain" -> "Netty's channel, without credentials";
                        case "option" -> "Netty's channel with SO_PASSCRED, unseen";
                        case "peek" -> "Netty's channel with the handler";
                        default -> "the channel of netty-peercred-epoll";
                    },
                    DatagramBenchmark.DATAGRAMS * 1e9 / nanos.median(),
                    plain.over(nanos).format("%.3f"),
                    DatagramBenchmark.DATAGRAMS * 1e9 / processor.median(),
                    plainProcessor.over(processor).format("%.3f"),
                    samples(counted, "datagrams." + kind + "Bytes").median() / DatagramBenchmark.DATAGRAMS);
        }
    }

    private void captures(String title, String group, Map<String, String> labels) {
        Samples floor = times.get(group + "1Floor");
        if (floor == null) {
            return;
        }
        System.out.printf("%n%s%n%n| | ns | x floor | bytes |%n|---|---|---|---|%n", title);
        for (Map.Entry<String, String> label : new TreeMap<>(labels).entrySet()) {
            Samples time = times.get(label.getKey());
            if (time != null) {
                System.out.printf(
                        Locale.ROOT,
                        "| %s | %s | %s | %.1f |%n",
                        label.getValue(),
                        time.format("%.0f"),
                        time.over(floor).format("%.2f"),
                        samples(bytes, label.getKey()).isEmpty()
                                ? Double.NaN
                                : samples(bytes, label.getKey()).median());
            }
        }
    }

    private void decisions() {
        Samples ten = times.get("decide1TenRules");
        if (ten == null) {
            return;
        }
        System.out.printf("%nDecisions of a policy%n%n| | ns | x ten rules | bytes |%n|---|---|---|---|%n");
        Map<String, String> labels = new TreeMap<>(Map.of(
                "decide1TenRules", "10 rules, found by user",
                "decide2TenRulesByGroup", "10 rules, found by group",
                "decide3TenThousandRules", "10 000 rules of 100 000 ids",
                "decide4TenRulesOfEvidence", "10 rules, asked with evidence"));
        labels.forEach((name, label) -> System.out.printf(
                Locale.ROOT,
                "| %s | %s | %s | %.1f |%n",
                label,
                samples(times, name).format("%.1f"),
                samples(times, name).over(ten).format("%.2f"),
                samples(bytes, name).median()));
    }

    private void servers(String title, String benchmark, int operations, String unit) {
        Samples plain = counted.get(benchmark + ".plainNanos");
        if (plain == null) {
            return;
        }
        System.out.printf("%n%s%n%n| | a second | x without | bytes a %s |%n|---|---|---|---|%n", title, unit);
        List<String> kinds =
                new ArrayList<>(List.of("plain", "oneShot", "systemCall", "accept", "limits", "ids", "all", "policy"));
        if (benchmark.equals("echo")) {
            kinds.addAll(List.of("firstRead", "everyRead", "envelopes"));
        }
        for (String kind : kinds) {
            Samples nanos = samples(counted, benchmark + '.' + kind + "Nanos");
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %s | %.2f |%n",
                    switch (kind) {
                        case "plain" -> "without a handler";
                        case "oneShot" -> "with a handler that captures nothing and leaves";
                        case "systemCall" -> "with the bare system call";
                        case "accept" -> "with the accept handler";
                        case "limits" -> "with the accept handler and limits";
                        case "ids" -> "with the default handler";
                        case "firstRead" -> "after a first read was captured";
                        case "everyRead" -> "with every read looked at, plain bytes";
                        case "envelopes" -> "with every read looked at, envelopes";
                        case "all" -> "with groups and process";
                        default -> "with the default handler and a policy of 10 rules";
                    },
                    operations * 1e9 / nanos.median(),
                    plain.over(nanos).format("%.3f"),
                    samples(counted, benchmark + '.' + kind + "Bytes").median() / operations);
        }
    }

    private void bars() {
        System.out.printf("%n| bar | measured | |%n|---|---|---|%n");
        Samples ids = times.get("ids2Value");
        if (ids != null && times.containsKey("ids1Floor")) {
            double ratio = ids.over(samples(times, "ids1Floor")).median();
            bar("ids at most 1.20 x the loop in C", "%.2f x".formatted(ratio), ratio <= 1.20);
            for (Map.Entry<String, Samples> other : times.entrySet()) {
                if (other.getKey().matches("ids[5-8].*")) {
                    double faster = other.getValue().over(ids).median();
                    bar("ids ahead of " + other.getKey().substring(4), "%.2f x as fast".formatted(faster), faster > 1);
                }
            }
            double allocated = samples(bytes, "ids3Library").median();
            bar("ids at most 64 bytes", "%.1f".formatted(allocated), allocated < 64.5);
        }
        if (times.containsKey("groupsProcess2Library")) {
            double ratio = samples(times, "groupsProcess2Library")
                    .over(samples(times, "groupsProcess1Floor"))
                    .median();
            bar("groups and pidfd at most 1.20 x the loop in C", "%.2f x".formatted(ratio), ratio <= 1.20);
        }
        if (times.containsKey("decide1TenRules") && times.containsKey("decide3TenThousandRules")) {
            double ten = samples(times, "decide1TenRules").median();
            bar("decision of 10 rules at most 60 ns", "%.1f ns".formatted(ten), ten <= 60);
            double ratio = samples(times, "decide3TenThousandRules")
                    .over(samples(times, "decide1TenRules"))
                    .median();
            bar("of 10 000 rules at most 1.2 x that", "%.2f x".formatted(ratio), ratio <= 1.2);
            double allocated = samples(bytes, "decide3TenThousandRules").median();
            bar("decision 0 bytes", "%.2f".formatted(allocated), allocated < 0.05);
        }
        if (counted.containsKey("calls.plainNanos")) {
            double ratio = samples(counted, "calls.plainNanos")
                    .over(samples(counted, "calls.grantsNanos"))
                    .median();
            bar("gRPC calls at least 0.97 x without", "%.3f x".formatted(ratio), ratio >= 0.97);
            double more = (samples(counted, "calls.grantsBytes").median()
                            - samples(counted, "calls.lookupBytes").median())
                    / GrpcBenchmark.CALLS;
            // The least object has 16 bytes; the thousands of others of a call vary by less.
            bar("gRPC no object a call more than a look-up", "%.2f bytes".formatted(more), more < 16);
        }
        if (counted.containsKey("accept.plainNanos")) {
            double ratio = samples(counted, "accept.plainNanos")
                    .over(samples(counted, "accept.idsNanos"))
                    .median();
            bar("accept rate at least 0.97 x without", "%.3f x".formatted(ratio), ratio >= 0.97);
            double early = samples(counted, "accept.plainNanos")
                    .over(samples(counted, "accept.acceptNanos"))
                    .median();
            bar("the same with the accept handler", "%.3f x".formatted(early), early >= 0.97);
            double limited = samples(counted, "accept.plainNanos")
                    .over(samples(counted, "accept.limitsNanos"))
                    .median();
            bar("with limits at least 0.95 x without", "%.3f x".formatted(limited), limited >= 0.95);
            double policy = samples(counted, "accept.plainNanos")
                    .over(samples(counted, "accept.policyNanos"))
                    .median();
            bar("the same with capture and policy, at least 0.95 x", "%.3f x".formatted(policy), policy >= 0.95);
        }
        if (counted.containsKey("datagrams.plainNanos")) {
            datagramBar("Nanos", "");
            datagramBar("ProcessorNanos", ", by processor time");
        }
        if (counted.containsKey("echo.plainNanos")) {
            echoBar("ids", "echo");
            echoBar("firstRead", "echo after a first read");
            echoBar("policy", "echo after a decision");
        }
    }

    private void datagramBar(String counter, String how) {
        Samples plain = samples(counted, "datagrams.plain" + counter);
        double peek = plain.over(samples(counted, "datagrams.peek" + counter)).median();
        bar("datagrams with the handler at least 0.40 x without" + how, "%.3f x".formatted(peek), peek >= 0.40);
        double own = plain.over(samples(counted, "datagrams.own" + counter)).median();
        bar("datagrams of our own channel at least 0.85 x without" + how, "%.3f x".formatted(own), own >= 0.85);
    }

    private void echoBar(String kind, String what) {
        double ratio = samples(counted, "echo.plainNanos")
                .over(samples(counted, "echo." + kind + "Nanos"))
                .median();
        bar(what + " 1.00 x without, to two digits", "%.3f x".formatted(ratio), ratio >= 0.995);
        double more = (samples(counted, "echo." + kind + "Bytes").median()
                        - samples(counted, "echo.plainBytes").median())
                / ServerBenchmark.MESSAGES;
        bar(what + " 0 bytes more a message", "%.2f".formatted(more), more < 0.5);
    }

    private static void bar(String bar, String measured, boolean met) {
        System.out.printf("| %s | %s | %s |%n", bar, measured, met ? "met" : "MISSED");
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }
}
