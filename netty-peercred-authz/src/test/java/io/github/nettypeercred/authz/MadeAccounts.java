// SPDX-License-Identifier: Apache-2.0
package io.github.nettypeercred.authz;

import io.github.nettypeercred.Absence;
import io.github.nettypeercred.AbsenceReason;
import io.github.nettypeercred.Answer;
import io.github.nettypeercred.spi.AccountDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** An account database of a few users and groups, in a process of user 990; who is in which group is made by the test. */
final class MadeAccounts implements AccountDatabase {
    private static final Map<String, Long> USERS = Map.of("root", 0L, "alice", 1000L, "bob", 1001L, "mail", 8L);
    private static final Map<String, Long> GROUPS = Map.of("root", 0L, "adm", 4L, "mail", 8L, "sudo", 27L);

    /** The groups of users by name; whoever is not in it does not exist. */
    final Map<String, List<Long>> members = new ConcurrentHashMap<>();

    /** How often groups were asked for. */
    final AtomicInteger asked = new AtomicInteger();

    private static <T> Answer<T> missing() {
        return Answer.unknown(new Absence(AbsenceReason.NO_SUCH_ACCOUNT, "no such entry"));
    }

    private static Answer<String> name(Map<String, Long> of, long id) {
        return of.entrySet().stream()
                .filter(entry -> entry.getValue() == id)
                .findFirst()
                .map(entry -> Answer.known(entry.getKey()))
                .orElseGet(MadeAccounts::missing);
    }

    @Override
    public Answer<String> userName(long uid) {
        return name(USERS, uid);
    }

    @Override
    public Answer<String> groupName(long gid) {
        return name(GROUPS, gid);
    }

    @Override
    public Answer<UserIds> userIds(String name) {
        Long uid = USERS.get(name);
        return uid == null ? missing() : Answer.known(new UserIds(uid, uid));
    }

    @Override
    public Answer<Long> groupId(String name) {
        Long gid = GROUPS.get(name);
        return gid == null ? missing() : Answer.known(gid);
    }

    @Override
    public Answer<List<Long>> groupsOf(String name) {
        asked.incrementAndGet();
        List<Long> groups = members.get(name);
        return groups == null ? missing() : Answer.known(groups);
    }

    @Override
    public Answer<Long> ownUid() {
        return Answer.known(990L);
    }
}
