// SPDX-License-Identifier: Apache-2.0
//
// Reads a file that nobody but root and this process's user can have changed: openat(2), fstat(2), POSIX, the same on every
// system.
#define _GNU_SOURCE // O_PATH, where there is one
#include "peercred.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A folder is only walked through, so searching it is all the permission that it takes.
#if defined(O_PATH)
#define SEARCH O_PATH
#elif defined(O_SEARCH)
#define SEARCH O_SEARCH
#else
#define SEARCH O_RDONLY
#endif

enum { NAME_LIMIT = 255 };

static int defect(struct peercred_file *out, int status, const struct stat *found) {
    out->status = status;
    out->mode = (uint32_t)found->st_mode;
    out->owner = (uint32_t)found->st_uid;
    out->links = (uint64_t)found->st_nlink > UINT32_MAX ? UINT32_MAX : (uint32_t)found->st_nlink;
    return -1;
}

static int failed(struct peercred_file *out) {
    out->status = -errno;
    return -1;
}

// Whether nobody but root and this process's user can change what the descriptor stands for. The sticky bit is no exception: it keeps
// others from renaming what is in a folder, not from adding to it.
static int check(int fd, int folder, uint32_t unmapped, struct stat *found, struct peercred_file *out) {
    if (fstat(fd, found) != 0) return failed(out);
    if (folder && !S_ISDIR(found->st_mode)) return defect(out, PEERCRED_FILE_NOT_FOLDER, found);
    if (!folder && !S_ISREG(found->st_mode)) return defect(out, PEERCRED_FILE_NOT_REGULAR, found);
    if (found->st_uid == unmapped || (found->st_uid != 0 && found->st_uid != geteuid()))
        return defect(out, PEERCRED_FILE_OWNER, found);
    if (found->st_mode & (S_IWGRP | S_IWOTH)) return defect(out, PEERCRED_FILE_WRITABLE, found);
    if (!folder && found->st_nlink != 1) return defect(out, PEERCRED_FILE_LINKS, found);
    return 0;
}

// Says of a component that did not open that it is a symbolic link, if it is: systems differ in the errno.
static int not_opened(int parent, const char *name, struct peercred_file *out) {
    int error = errno;
    struct stat found;
    if ((error == ELOOP || error == ENOTDIR || error == EMLINK) &&
        fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
        return defect(out, S_ISLNK(found.st_mode) ? PEERCRED_FILE_SYMLINK : PEERCRED_FILE_NOT_FOLDER, &found);
    }
    out->status = -error;
    return -1;
}

enum goal { THE_FILE, ITS_FOLDER };

// Walks to the file, or to the folder that it lies in, and checks every component on its descriptor. Returns the descriptor of
// the goal, or -1 with out filled.
static int walk(const char *path, enum goal goal, uint32_t unmapped, struct stat *found, struct peercred_file *out) {
    if (path[0] != '/') {
        out->status = PEERCRED_FILE_RELATIVE;
        return -1;
    }
    out->component_end = 1;
    int at = open("/", SEARCH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (at < 0) return failed(out);
    if (check(at, 1, unmapped, found, out) != 0) {
        (void)close(at);
        return -1;
    }
    for (const char *from = path + 1;;) {
        const char *slash = strchr(from, '/');
        size_t length = slash ? (size_t)(slash - from) : strlen(from);
        char name[NAME_LIMIT + 1];
        out->component_end = (uint32_t)(from - path) + (uint32_t)length;
        if (length > NAME_LIMIT) {
            out->status = -ENAMETOOLONG;
            break;
        }
        memcpy(name, from, length);
        name[length] = 0;
        if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            out->status = PEERCRED_FILE_DOTS;
            break;
        }
        if (!slash && goal == ITS_FOLDER) return at;
        // O_NONBLOCK: to open a FIFO would wait for its writer, before it can be seen that it is one.
        int next = openat(at, name, slash ? SEARCH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
                                          : O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) {
            (void)not_opened(at, name, out);
            break;
        }
        (void)close(at);
        at = next;
        if (check(at, slash != NULL, unmapped, found, out) != 0) break;
        if (!slash) return at;
        from = slash + 1;
    }
    (void)close(at);
    return -1;
}

// Reads to the end of the file, or one byte more than the space holds.
static void read_all(int fd, char *content, size_t capacity, struct peercred_file *out) {
    size_t length = 0;
    char beyond;
    for (;;) {
        ssize_t count = length < capacity ? read(fd, content + length, capacity - length) : read(fd, &beyond, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            (void)failed(out);
            return;
        }
        if (count == 0) break;
        if (length == capacity) {
            out->status = PEERCRED_TOO_SMALL;
            return;
        }
        length += (size_t)count;
    }
    out->length = (uint32_t)length;
}

static int changed(const struct stat *before, const struct stat *after, uint32_t length) {
    return before->st_size != after->st_size || (uint64_t)after->st_size != length ||
           before->st_mtime != after->st_mtime || before->st_ctime != after->st_ctime;
}

void peercred_read_file(const char *path, uint32_t unmapped, char *content, size_t capacity, struct peercred_file *out) {
    *out = (struct peercred_file){0};
    struct stat before, after;
    int fd = walk(path, THE_FILE, unmapped, &before, out);
    if (fd < 0) return;
    read_all(fd, content, capacity, out);
    if (out->status == PEERCRED_OK && fstat(fd, &after) != 0) (void)failed(out);
    if (out->status == PEERCRED_OK && changed(&before, &after, out->length)) {
        out->status = PEERCRED_FILE_CHANGED;
        out->length = 0;
    }
    (void)close(fd);
}

int peercred_open_folder_of(const char *path, uint32_t unmapped, struct peercred_file *out) {
    *out = (struct peercred_file){0};
    struct stat found;
    return walk(path, ITS_FOLDER, unmapped, &found, out);
}
