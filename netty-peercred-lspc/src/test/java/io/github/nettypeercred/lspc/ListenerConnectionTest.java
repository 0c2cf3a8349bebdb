// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import static io.github.nettypeercred.lspc.Programs.peer;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.nettypeercred.AbsentException;
import io.github.nettypeercred.UnixPeerCredentials;
import io.github.nettypeercred.process.PeerProcess;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Model.CommandSpec;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ListenerConnectionTest {
    @Test
    void handleOfTheProcess_staysOpenWhereItClosesTheConnection(@TempDir Path folder) throws Exception {
        String path = folder.resolve("socket").toString();
        try (Child listener = peer("inherit", path)) {
            PeerProcess process;
            try (ListenerConnection connection = ListenerConnection.open(SocketPath.of(path, CommandSpec.create()))) {
                UnixPeerCredentials credentials = connection.listener().orElseThrow();
                assertThat(credentials.pid()).hasValue((int) listener.pid());
                while (!isClosed(credentials.process().orElseThrow())) { // with the channel, by the other side
                    Thread.sleep(5);
                }
                process = connection.process().orElseThrow();
                assertThat(process.isAlive()).isTrue();
            }
            assertThat(isClosed(process)).isTrue();
        }
    }

    private static boolean isClosed(PeerProcess process) {
        try {
            process.isAlive();
            return false;
        } catch (AbsentException e) {
            return true;
        }
    }
}
