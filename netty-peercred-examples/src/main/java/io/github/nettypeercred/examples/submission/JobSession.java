// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.examples.submission;

import io.netty.channel.Channel;
import java.io.IOException;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes commands to be run as a user, such as {@code alice /usr/bin/report}: as oneself, or by a grant as anybody. An entry has the submitter's uid in front. */
final class JobSession extends QueueSession {
    private static final Pattern JOB = Pattern.compile("(([^ \\p{Cntrl}]+) [^\\p{Cntrl}]+)\r?\n");

    JobSession(SubmissionQueue queue) {
        super(queue, "200 USER COMMAND");
    }

    @Override
    String answer(Channel peer, String line) throws IOException {
        Matcher job = JOB.matcher(line.length() > Lines.LONGEST ? "" : line);
        String id = UUID.randomUUID().toString();
        if (!queue.peers().mayGoOn(peer)
                || !job.matches()
                || !queue.peers().mayActAs(peer, job.group(2), job.group(1))) {
            return "550 refused";
        }
        boolean stored = queue.put(id, queue.peers().uidOf(peer) + " " + job.group(1));
        return stored ? "250 " + id : "452 the disk is full";
    }
}
