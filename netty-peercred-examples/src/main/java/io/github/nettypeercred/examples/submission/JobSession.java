// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import io.netty.channel.Channel;
import java.io.IOException;
import java.util.UUID;

/** Takes commands to be run as a user, such as {@code alice /usr/bin/report}: as oneself, or by a grant as anybody. An entry has the submitter's uid in front. */
final class JobSession extends QueueSession {
    JobSession(SubmissionQueue queue) {
        super(queue, "200 USER COMMAND");
    }

    @Override
    String answer(Channel peer, String line) throws IOException {
        String job = line.trim();
        String id = UUID.randomUUID().toString();
        if (!queue.peers().mayGoOn(peer) || !queue.peers().mayActAs(peer, job.split(" ", 2)[0], job)) {
            return "550 refused";
        }
        queue.put(id, queue.peers().uidOf(peer) + " " + job);
        return "250 " + id;
    }
}
