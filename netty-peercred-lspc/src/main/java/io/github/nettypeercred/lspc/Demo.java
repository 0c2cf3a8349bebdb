// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.lspc;

import io.github.nettypeercred.PeerCredentialsResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Has real processes connect to a real server, one after the other, and compares what the kernel told the server about
 * each with what it is.
 */
final class Demo {
    private final Transport transport;
    private final Output out;
    private final List<DemoChild> started = new CopyOnWriteArrayList<>();

    Demo(Transport transport, Output out) {
        this.transport = transport;
        this.out = out;
    }

    void run() throws Failure, IOException, InterruptedException {
        transport.require();
        DemoFolder folder = DemoFolder.create();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(folder), "remove the demo"));
        folder.addClient();

        boolean root = ProcessStatus.of(ProcessHandle.current().pid()).uid() == 0;
        out.line("A Netty server on a private socket (" + transport + "), and child processes that connect to it"
                + (root ? ":" : ". Run it as root to see several users:"));
        List<DemoChild> guests = new ArrayList<>();
        Intruder intruder = cast(root, folder, guests);

        DemoServer server =
                DemoServer.start(transport, folder.socket(), intruder.denied().negate());
        int differing = letIn(guests, server);
        boolean refused = refuse(intruder, server);
        if (differing > 0 || !refused) {
            throw new Failure(differing + " of " + guests.size() + " credentials differ, and the intruder was "
                    + (refused ? "refused" : "not refused"));
        }
        out.line("credentials that equal what the process is: " + guests.size() + " of " + guests.size()
                + "; refused by the rule: 1 of 1");
    }

    /** Starts all children at once, as each takes its time, and returns when they are ready to connect. */
    private Intruder cast(boolean root, DemoFolder folder, List<DemoChild> guests)
            throws Failure, IOException, InterruptedException {
        if (!root) {
            List<DemoChild> children = List.of(start(folder), start(folder), start(folder));
            for (DemoChild child : children) {
                requireReady(child);
            }
            guests.addAll(children.subList(1, children.size()));
            return Intruder.byPid(children.get(0));
        }
        DemoChild intruder = start(folder, DemoIdentity.INTRUDER);
        List<DemoChild> children = new ArrayList<>();
        for (DemoIdentity identity : DemoIdentity.SEVERAL) {
            children.add(start(folder, identity));
        }
        for (int i = 0; i < children.size(); i++) {
            if (isReady(children.get(i), DemoIdentity.SEVERAL.get(i))) {
                guests.add(children.get(i));
            }
        }
        if (guests.isEmpty()) {
            DemoChild oneself = start(folder);
            requireReady(oneself);
            guests.add(oneself);
        }
        if (isReady(intruder, DemoIdentity.INTRUDER)) {
            return Intruder.byUid(intruder, DemoIdentity.INTRUDER.uid());
        }
        DemoChild another = start(folder);
        requireReady(another);
        return Intruder.byPid(another);
    }

    private DemoChild start(DemoFolder folder, DemoIdentity identity) throws Failure {
        return keep(DemoChild.start(identity.setpriv(), folder));
    }

    private DemoChild start(DemoFolder folder) throws Failure {
        return keep(DemoChild.start(List.of(), folder));
    }

    private DemoChild keep(DemoChild child) {
        started.add(child);
        return child;
    }

    /** Tells whether a child is what it should be, and says so in one line if this system does not let it. */
    private boolean isReady(DemoChild child, DemoIdentity identity) throws Failure, IOException, InterruptedException {
        Optional<String> obstacle = child.whyNotReady();
        if (obstacle.isEmpty() && (OverflowIds.isUid(identity.uid()) || OverflowIds.isGid(identity.gid()))) {
            obstacle = Optional.of("stands for all ids that this user namespace does not map");
        }
        if (obstacle.isPresent()) {
            out.line("left out: uid " + identity.uid() + ": " + Printable.of(obstacle.get()));
            return false;
        }
        ProcessStatus is = ProcessStatus.of(child.pid());
        if (is.uid() != identity.uid()
                || is.gid() != identity.gid()
                || !is.groups().equals(identity.groups())) {
            throw new Failure("setpriv made a child " + is + " in place of " + identity);
        }
        return true;
    }

    private static void requireReady(DemoChild child) throws Failure, IOException, InterruptedException {
        Optional<String> obstacle = child.whyNotReady();
        if (obstacle.isPresent()) {
            throw new Failure("a child process does not start: " + obstacle.get());
        }
    }

    /** Returns how many of the children the server did not know exactly. */
    private int letIn(List<DemoChild> guests, DemoServer server) throws Failure, IOException, InterruptedException {
        DemoTable table = new DemoTable(out);
        table.head();
        int differing = 0;
        for (DemoChild guest : guests) {
            ProcessStatus expected = ProcessStatus.of(guest.pid());
            guest.connect();
            Optional<PeerCredentialsResult> captured = server.next();
            if (captured.isEmpty()) {
                throw new Failure("the server did not see the child with pid " + guest.pid());
            }
            boolean equal = table.compare(captured.get(), expected);
            if (!equal || !guest.outcome().equals("greeted")) {
                differing++;
            }
        }
        return differing;
    }

    private boolean refuse(Intruder intruder, DemoServer server) throws Failure, IOException, InterruptedException {
        intruder.child().connect();
        String outcome = intruder.child().outcome();
        out.line("rule: deny " + intruder.rule() + ". The child was " + Printable.of(outcome) + " and read "
                + (outcome.equals("refused") ? "the end of the stream and not one byte" : "something")
                + "; refusals counted: " + server.refusedCount());
        return outcome.equals("refused") && server.refusedCount() == 1 && !server.hasMore();
    }

    private void close(DemoFolder folder) {
        started.forEach(DemoChild::close);
        folder.close();
    }
}
