// SPDX-License-Identifier: Apache-2.0
//
// Tests peercred_read_file and the look-ups of peercred_account.c, as a part of peercred_test.
#define _GNU_SOURCE
#include "peercred.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[PATH_MAX - 64];
static char content[64];

static const char *in(const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct peercred_file read_path(const char *path) {
    struct peercred_file out;
    memset(&out, 0xAA, sizeof out);
    peercred_read_file(path, UINT32_MAX, content, sizeof content, &out);
    return out;
}

static void write_file(const char *path, size_t length) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    for (size_t i = 0; i < length; i++)
        if (write(fd, "x", 1) != 1) exit(2);
    close(fd);
}

static int next_descriptor(void) {
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

static void accounts(void (*check)(bool ok, const char *what)) {
    char space[4096];
    uint32_t uid = 7, gid = 7;
    check(peercred_user_id("root", space, sizeof space, &uid, &gid) == 0 && uid == 0 && gid == 0, "root is user 0");
    check(peercred_user_id("root", space, 1, &uid, &gid) == PEERCRED_TOO_SMALL, "root in no space");
    check(peercred_user_id("no such user", space, sizeof space, &uid, &gid) == PEERCRED_NOT_FOUND, "nobody's name");
    struct group *group = getgrgid(0);
    char name[64];
    snprintf(name, sizeof name, "%s", group ? group->gr_name : "root");
    check(peercred_group_id(name, space, sizeof space, &gid) == 0 && gid == 0, "group 0 by its name");
    check(peercred_group_id("no such group", space, sizeof space, &gid) == PEERCRED_NOT_FOUND, "no group's name");
    uint32_t groups[1024], count = 1024;
    check(peercred_user_groups("root", 4000000000u, groups, &count) == 0 && count >= 1 && groups[0] == 4000000000u,
          "a user's primary group is among its groups");
    count = 0;
    check(peercred_user_groups("root", 4000000000u, groups, &count) == PEERCRED_TOO_SMALL && count > 0, "no space for groups");
    check(peercred_own_uid() == geteuid(), "the process's own user");
}

#ifdef __linux__
static const uint32_t OVERFLOW = 65534; // unless the administrator has set another, and then that is not tested

static int status_with(uint32_t unmapped, const char *path) {
    struct peercred_file out;
    peercred_read_file(path, unmapped, content, sizeof content, &out);
    return out.status;
}

static int map(pid_t child, const char *file, const char *extents) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", child, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int failed = fd < 0 || write(fd, extents, strlen(extents)) != (ssize_t)strlen(extents);
    close(fd);
    return failed;
}

// The overflow user of a namespace that maps it and root: it sees what belongs to all others as its own.
static int as_overflow_user(const char *roots, const char *anothers, int ready, int mapped) {
    char byte = 0;
    if (unshare(CLONE_NEWUSER) != 0 || write(ready, &byte, 1) != 1 || read(mapped, &byte, 1) != 1) return 2;
    if (setresuid(OVERFLOW, OVERFLOW, OVERFLOW) != 0) return 2;
    struct stat found;
    if (stat(anothers, &found) != 0 || found.st_uid != geteuid()) return 2;
    if (status_with(UINT32_MAX, anothers) != 0) return 3;
    if (status_with(OVERFLOW, roots) != 0) return 4;
    struct peercred_file out;
    if (status_with(OVERFLOW, anothers) != PEERCRED_FILE_OWNER) return 5;
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s.folder/file", anothers);
    if (peercred_open_folder_of(below, OVERFLOW, &out) >= 0 || out.status != PEERCRED_FILE_OWNER) return 6;
    return 0;
}

static void overflow_user(void (*check)(bool ok, const char *what)) {
    char base[] = "/run/peercred-test-XXXXXX", roots[64], anothers[64], other_folder[96];
    if (mkdtemp(base) == NULL || chmod(base, 0755) != 0) exit(2);
    snprintf(roots, sizeof roots, "%s/roots", base);
    snprintf(anothers, sizeof anothers, "%s/anothers", base);
    snprintf(other_folder, sizeof other_folder, "%s.folder", anothers);
    write_file(roots, 5);
    write_file(anothers, 5);
    if (mkdir(other_folder, 0755) != 0 || chown(anothers, 1000, 0) != 0 || chown(other_folder, 1000, 0) != 0) exit(2);
    int ready[2], mapped[2];
    if (pipe(ready) != 0 || pipe(mapped) != 0) exit(2);
    pid_t child = fork();
    if (child == 0) {
        close(ready[0]);
        close(mapped[1]);
        _exit(as_overflow_user(roots, anothers, ready[1], mapped[0]));
    }
    close(ready[1]);
    close(mapped[0]);
    char byte = 0;
    if (read(ready[0], &byte, 1) == 1 && map(child, "uid_map", "0 0 1\n65534 65534 1\n") == 0 && write(mapped[1], &byte, 1) != 1)
        exit(2);
    close(ready[0]);
    close(mapped[1]);
    int status;
    waitpid(child, &status, 0);
    unlink(roots);
    unlink(anothers);
    rmdir(other_folder);
    rmdir(base);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        printf("# left out: a user namespace that maps the overflow user cannot be made here\n");
    else
        check(status == 0, "for the overflow user, files of users without an id are not its own");
}
#endif

void file_tests(void (*check)(bool ok, const char *what)) {
    accounts(check);
    struct passwd *self = getpwuid(geteuid());
    snprintf(folder, sizeof folder, "%s/.peercred_test.XXXXXX", self ? self->pw_dir : "/");
    struct peercred_file out = read_path(self ? self->pw_dir : "/");
    if (out.status != PEERCRED_FILE_NOT_REGULAR || mkdtemp(folder) == NULL) {
        printf("# left out: the home of this user is no folder to trust\n");
        return;
    }
    int before = next_descriptor();
    write_file(in("file"), 5);
    out = read_path(in("file"));
    check(out.status == 0 && out.length == 5 && memcmp(content, "xxxxx", 5) == 0, "a file to trust is read");
    check(read_path("file").status == PEERCRED_FILE_RELATIVE, "a relative path is not walked");
    check(read_path("").status == PEERCRED_FILE_RELATIVE, "nor an empty one");
    check(read_path("/").status == PEERCRED_FILE_DOTS, "nor / itself");
    check(read_path("//etc").status == PEERCRED_FILE_DOTS && read_path(in("../file")).status == PEERCRED_FILE_DOTS &&
              read_path(in("./file")).status == PEERCRED_FILE_DOTS && read_path(in("")).status == PEERCRED_FILE_DOTS,
          "nor one with dots or nothing in it");
    check(read_path(in("none")).status == -ENOENT, "a missing file is ENOENT");
    check(read_path(in("file/below")).status == PEERCRED_FILE_NOT_FOLDER, "a file is no folder");
    check(read_path(folder).status == PEERCRED_FILE_NOT_REGULAR, "a folder is no file");
    write_file(in("full"), sizeof content);
    check(read_path(in("full")).length == sizeof content, "a file as long as the space");
    write_file(in("full"), sizeof content + 1);
    check(read_path(in("full")).status == PEERCRED_TOO_SMALL, "a file one byte longer");
    if (mkfifo(in("fifo"), 0600) != 0 || symlink("file", in("link")) != 0 || symlink(folder, in("way")) != 0) exit(2);
    check(read_path(in("fifo")).status == PEERCRED_FILE_NOT_REGULAR, "a FIFO is not waited for");
    check(read_path(in("link")).status == PEERCRED_FILE_SYMLINK, "a symbolic link is not followed");
    check(read_path(in("way/file")).status == PEERCRED_FILE_SYMLINK, "nor one on the way");
    const mode_t modes[] = {0620, 0602, 0666, 02620};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        chmod(in("file"), modes[i]);
        out = read_path(in("file"));
        check(out.status == PEERCRED_FILE_WRITABLE && (out.mode & 07777) == modes[i], "a file that others may write");
    }
    chmod(in("file"), 0444);
    check(read_path(in("file")).status == 0, "a file that nobody may write");
    const mode_t open_folders[] = {0770, 0703, 01777};
    for (size_t i = 0; i < sizeof open_folders / sizeof open_folders[0]; i++) {
        chmod(folder, open_folders[i]);
        out = read_path(in("file"));
        check(out.status == PEERCRED_FILE_WRITABLE && out.component_end == strlen(folder), "a folder that others may write");
    }
    chmod(folder, 0711);
    check(read_path(in("file")).status == 0, "a folder that others may enter");
    char second[PATH_MAX];
    snprintf(second, sizeof second, "%s/second", folder);
    if (link(in("file"), second) != 0) exit(2);
    out = read_path(in("file"));
    check(out.status == PEERCRED_FILE_LINKS && out.links == 2, "a file of two names");
    unlink(second);
    if (geteuid() == 0) {
        if (chown(in("file"), 1000, 0) != 0) exit(2);
        out = read_path(in("file"));
        check(out.status == PEERCRED_FILE_OWNER && out.owner == 1000, "a file of another user");
        if (chown(in("file"), 0, 0) != 0 || chown(folder, 1000, 0) != 0) exit(2);
        out = read_path(in("file"));
        check(out.status == PEERCRED_FILE_OWNER && out.component_end == strlen(folder), "a folder of another user");
        if (chown(folder, 0, 0) != 0) exit(2);
        // In a process of its own, since the leak detector works in none that has changed its ids.
        pid_t child = fork();
        if (child == 0) _exit(setuid(1000) != 0 || read_path("/etc/host.conf").status != 0);
        int status;
        waitpid(child, &status, 0);
        check(status == 0, "root's file, for another user");
#ifdef __linux__
        overflow_user(check);
#endif
    } else {
        printf("# left out: files of other users need root\n");
    }
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    check(read_path(in(name)).status == -ENAMETOOLONG, "a name too long for any file");
    check(next_descriptor() == before, "no descriptor is left open");
    const char *names[] = {"file", "full", "fifo", "link", "way"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(in(names[i]));
    rmdir(folder);
}
