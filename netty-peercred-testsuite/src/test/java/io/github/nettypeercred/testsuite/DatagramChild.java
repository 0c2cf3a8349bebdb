// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.testsuite;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.nettypeercred.AttestedDatagram;
import io.github.nettypeercred.AttestedDatagramHandler;
import io.github.nettypeercred.PeerCredentialsResult;
import io.github.nettypeercred.UnixPeerCredentials;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A receiver of datagrams to be run in namespaces of its own, or with few descriptors, all of which it opens. */
final class DatagramChild {
    private DatagramChild() {}

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dkqueue.numbers=" + System.getProperty("kqueue.numbers"),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                DatagramChild.class.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    @SuppressWarnings("unchecked")
    public static void main(String[] args) throws Exception {
        AttestedDatagramHandler.Builder builder =
                AttestedDatagramHandler.builder().admitDescriptors();
        if (args[0].equals("exhausted-process")) {
            builder.senderProcess();
        }
        ChannelInboundHandlerAdapter application =
                args[0].equals("namespace") ? new Printer() : new Counter(args[0].equals("exhausted-process"));
        Channel channel = new Bootstrap()
                .group(TestTransport.of(Class.forName(args[1])).newGroup(1))
                .channel((Class<? extends Channel>) Class.forName(args[1]))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel initialized) {
                        initialized.pipeline().addLast(builder.build(), application);
                    }
                })
                .bind(new DomainSocketAddress(args[2]))
                .syncUninterruptibly()
                .channel();
        if (application instanceof Counter counter) {
            // Loads the classes, which takes descriptors.
            channel.writeAndFlush(new DomainDatagramPacket(
                            Unpooled.copiedBuffer("warm", UTF_8), new DomainSocketAddress(args[2])))
                    .syncUninterruptibly();
            counter.warm.await();
            channel.eventLoop().submit(counter::exhaust).get();
        }
        System.out.println("ready");
    }

    private static String describe(PeerCredentialsResult result) {
        return result instanceof UnixPeerCredentials
                ? result.toString()
                : result.absence().orElseThrow().reason().toString();
    }

    private static final class Printer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            AttestedDatagram datagram = (AttestedDatagram) msg;
            System.out.println(
                    describe(datagram.credentials()) + " " + datagram.content().toString(UTF_8));
            datagram.release();
        }
    }

    private static final class Counter extends ChannelInboundHandlerAdapter {
        private static final int LEFT = 10;
        final CountDownLatch warm = new CountDownLatch(1);
        private final boolean process;
        private final List<FileInputStream> files = new ArrayList<>();
        private int attested;
        private int without;

        Counter(boolean process) {
            this.process = process;
        }

        /** Opens what can be opened; returns how many. */
        private int open() {
            int count = 0;
            try {
                while (true) {
                    files.add(new FileInputStream("/dev/null"));
                    count++;
                }
            } catch (IOException e) {
                return count; // none left
            }
        }

        /** Leaves few descriptors, fewer than come with one datagram. */
        @Nullable
        Void exhaust() throws IOException {
            open();
            for (int i = 0; i < LEFT; i++) {
                files.remove(0).close();
            }
            return null;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) throws IOException {
            AttestedDatagram datagram = (AttestedDatagram) msg;
            String text = datagram.content().toString(UTF_8);
            if (text.equals("end")) {
                int more = LEFT - open();
                for (int i = 0; i < LEFT; i++) {
                    files.remove(0).close();
                }
                System.out.println(attested + " attested" + (process ? ", " + without + " without process" : "") + ", "
                        + more + " descriptors more");
                attested = 0;
                without = 0;
            } else if (datagram.credentials() instanceof UnixPeerCredentials peer && peer.uid() == 1000) {
                attested++;
                if (peer.process().value().isEmpty()) {
                    without++;
                }
            }
            datagram.release();
            warm.countDown();
        }
    }
}
