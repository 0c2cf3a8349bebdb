// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.github.nettypeercred.service.ServiceSocket;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Function;

/**
 * A queue of files, and the socket that users submit through.
 *
 * @param folder where the entries are
 * @param peers who the users are, and what each may do
 * @param workers what blocks runs here
 */
record SubmissionQueue(Path folder, Peers peers, EventExecutorGroup workers) {
    /** How many bytes of the disk entries leave free. */
    private static final long FREE = 1 << 26;

    ServiceSocket serve(Path path, EventLoopGroup group, Function<SubmissionQueue, QueueSession> session)
            throws IOException {
        ServiceSocket socket = ServiceSocket.builder(path).mode(0666).take();
        ServerBootstrap bootstrap = new ServerBootstrap().group(group).childOption(ChannelOption.AUTO_READ, false);
        socket.serve(bootstrap.childHandler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                peers.addHandlers(channel.pipeline());
                channel.pipeline()
                        .addLast(new ReadTimeoutHandler(300), new Lines(), session.apply(SubmissionQueue.this));
            }
        }));
        return socket;
    }

    /**
     * Stores an entry: once this returns true, it outlasts a crash of the system. One with a dot in front is not finished. Returns false,
     * and stores nothing, if the disk is as good as full.
     */
    boolean put(String id, String entry) throws IOException {
        if (folder.toFile().getUsableSpace() < FREE) {
            return false;
        }
        Path unfinished = folder.resolve("." + id);
        try {
            write(unfinished, entry);
            Files.move(unfinished, folder.resolve(id), ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished); // it is there if that failed, and would take space from then on
        }
        try (FileChannel directory = FileChannel.open(folder)) {
            directory.force(true);
        }
        return true;
    }

    private static void write(Path path, String entry) throws IOException {
        var ownersAlone = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        try (FileChannel file = FileChannel.open(path, Set.of(CREATE_NEW, WRITE), ownersAlone)) {
            ByteBuffer bytes = ISO_8859_1.encode(entry);
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
    }
}
