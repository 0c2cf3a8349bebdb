// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.microbench;

import io.github.nettypeercred.AttestedBytes;
import io.github.nettypeercred.microbench.Servers.Kind;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A server with the handler against one without. Each invocation serves one batch on each of the servers, beginning with
 * another one each time, so that whatever else the machine does falls on all of them alike.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class ServerBenchmark {
    /** Connections a batch. */
    static final int CONNECTIONS = 100;

    /** Messages a batch. */
    static final int MESSAGES = 100;

    /** Bytes a message. */
    static final int MESSAGE_SIZE = 16 * 1024;

    private static final Kind[] KINDS = Kind.values();

    /** Connects, is accepted, closes. A batch ends when the server has seen the last connection close. */
    @Benchmark
    public void accept(Accepting servers, Totals totals) throws InterruptedException {
        for (int i = 0; i < Kind.SILENT.length; i++) {
            Kind kind = Kind.SILENT[(i + servers.turn) % Kind.SILENT.length];
            byte[] path = servers.servers.path(kind);
            long bytes = servers.servers.allocated();
            long start = System.nanoTime();
            Floor.check(Floor.connectAndClose(path, CONNECTIONS));
            servers.closed.acquire(CONNECTIONS);
            long nanos = System.nanoTime() - start;
            totals.add(kind, nanos, servers.servers.allocated() - bytes);
        }
        servers.turn++;
        totals.batches++;
    }

    /** Writes a message on a connection that has been open for long, and reads it back. */
    @Benchmark
    public void echo(Echoing servers, Totals totals) {
        for (int i = 0; i < KINDS.length; i++) {
            Kind kind = KINDS[(i + servers.turn) % KINDS.length];
            int client = Objects.requireNonNull(servers.clients.get(kind));
            long bytes = servers.servers.allocated();
            long start = System.nanoTime();
            Floor.check(Floor.echo(client, MESSAGE_SIZE, MESSAGES));
            long nanos = System.nanoTime() - start;
            totals.add(kind, nanos, servers.servers.allocated() - bytes);
        }
        servers.turn++;
        totals.batches++;
    }

    /** Servers whose connections count when they close. */
    @State(Scope.Thread)
    public static class Accepting {
        final Semaphore closed = new Semaphore(0);
        final Servers servers;
        int turn;

        public Accepting() {
            try {
                servers = new Servers(new Count(closed));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @TearDown
        public void close() throws IOException {
            servers.close();
        }
    }

    /** Servers that send back what they get, and a client of each. */
    @State(Scope.Thread)
    public static class Echoing {
        final Servers servers;
        final Map<Kind, Integer> clients = new EnumMap<>(Kind.class);
        int turn;

        public Echoing() {
            try {
                servers = new Servers(new Echo());
                for (Kind kind : KINDS) {
                    clients.put(kind, Floor.check(Floor.connect(servers.path(kind))));
                }
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @TearDown
        public void close() throws IOException {
            for (int client : clients.values()) {
                Floor.close(client);
            }
            servers.close();
        }
    }

    @Sharable
    private static final class Count extends ChannelInboundHandlerAdapter {
        private final Semaphore closed;

        Count(Semaphore closed) {
            this.closed = closed;
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            closed.release();
        }
    }

    @Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.write(msg instanceof AttestedBytes envelope ? envelope.content() : msg, ctx.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }
}
