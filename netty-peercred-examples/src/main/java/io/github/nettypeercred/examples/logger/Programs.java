// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.logger;

import io.github.nettypeercred.UnixPeerCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The executables of senders, which are derived and not attested: that of the process of the same user which has the sender's pid now. A
 * handle of each sender ({@code senderProcess()}) would exclude that the pid is another's by now, at half the lines a second. Each process
 * is looked at once a second at most. One thread's alone.
 */
final class Programs {
    private static final int MOST = 1024;
    private static final long NANOS = 1_000_000_000;

    private final Map<Key, Known> known = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Known> eldest) {
            return size() > MOST;
        }
    };

    private record Key(long uid, OptionalInt pid) {}

    private record Known(String executable, long at) {}

    /** Returns the path of the sender's executable, "" if it is not known: the process has ended, for one. Blocks. */
    String of(UnixPeerCredentials sender) {
        Key key = new Key(sender.uid(), sender.pid());
        Known last = known.get(key);
        if (last != null && System.nanoTime() - last.at < NANOS) {
            return last.executable;
        }
        String executable = executable(sender);
        known.remove(key); // so that it is the youngest
        known.put(key, new Known(executable, System.nanoTime()));
        return executable;
    }

    private static String executable(UnixPeerCredentials sender) {
        if (sender.pid().isEmpty()) {
            return "";
        }
        Path process = Path.of("/proc", Integer.toString(sender.pid().getAsInt()));
        try {
            String executable = Files.readSymbolicLink(process.resolve("exe")).toString();
            int owner = (int) Files.getAttribute(process, "unix:uid");
            return Integer.toUnsignedLong(owner) == sender.uid() ? executable : "";
        } catch (IOException e) {
            return "";
        }
    }
}
