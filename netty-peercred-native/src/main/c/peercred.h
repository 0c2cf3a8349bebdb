// SPDX-License-Identifier: Apache-2.0
//
// What one operating system answers about the peer of a Unix domain socket, in one neutral form. One peercred_<os>.c
// implements this header, and the build picks exactly one; peercred_unsupported.c implements it for every other system.
//
// Return codes, everywhere in this header:
//   0         success
//   negative  -errno of a call that failed in a way its manual does not foresee, untouched
//   positive  one of enum peercred_status: a documented condition
#ifndef PEERCRED_H
#define PEERCRED_H

#include <stddef.h>
#include <stdint.h>

enum peercred_status {
    PEERCRED_OK = 0,
    PEERCRED_NOT_REQUESTED = 1,   // the caller did not ask for it
    PEERCRED_UNSUPPORTED = 2,     // this kernel, or its security module, does not have it
    PEERCRED_NOT_UNIX_SOCKET = 3, // the descriptor is no socket, or one of another family
    PEERCRED_NOT_CONNECTED = 4,   // the socket has no peer: unconnected, listening, an ordinary datagram socket
    PEERCRED_TRUNCATED = 5,       // the kernel returned less than its type holds
    PEERCRED_TOO_SMALL = 6,       // the caller's space is too small; the length says what it takes
    PEERCRED_REAPED = 7,          // the process has ended and has been waited for
    PEERCRED_EXITED = 8,          // the process has ended, waited for or not
    PEERCRED_NOT_FOUND = 9,       // the account database has no such entry
    PEERCRED_NOTHING_NOW = 10,    // no byte can be read or sent now, and later it may
    PEERCRED_END = 11,            // the end of the stream, with no byte before it
    PEERCRED_NO_CREDENTIAL = 12,  // a byte is there, and no credential came with it
    PEERCRED_NOT_VISIBLE = 13,    // the process is not in this pid namespace
    PEERCRED_MALFORMED = 14,      // the answer is of another version, or of a form that cannot be
    // Of a file that is to be trusted, and of the folders on the way to it:
    PEERCRED_FILE_RELATIVE = 20,    // the path does not begin with /
    PEERCRED_FILE_DOTS = 21,        // a component is empty, "." or ".."
    PEERCRED_FILE_SYMLINK = 22,     // a component is a symbolic link
    PEERCRED_FILE_NOT_FOLDER = 23,  // a component before the last is no folder
    PEERCRED_FILE_NOT_REGULAR = 24, // the last component is no regular file
    PEERCRED_FILE_OWNER = 25,       // the owner is neither root nor this process's effective user
    PEERCRED_FILE_WRITABLE = 26,    // group or others may write
    PEERCRED_FILE_LINKS = 27,       // the file has more names than one, or none any more
    PEERCRED_FILE_CHANGED = 28      // the file was changed while it was read
};

// What an answer comes from.
enum peercred_mechanism {
    PEERCRED_NO_MECHANISM = 0,    // this system has none
    PEERCRED_SO_PEERCRED = 1,     // Linux, OpenBSD: effective ids
    PEERCRED_SCM_CREDENTIALS = 2, // Linux: ids that the sender chose among its own
    PEERCRED_LOCAL_PEERCRED = 3,  // macOS, FreeBSD: effective ids
    PEERCRED_LOCAL_PEEREID = 4,   // NetBSD: effective ids
    PEERCRED_SCM_CREDS = 5,       // FreeBSD, if the sender wants it; NetBSD, if the receiver does: effective ids
    PEERCRED_SCM_CREDS2 = 6       // FreeBSD 13: effective ids
};

enum peercred_want {
    PEERCRED_GROUPS = 1, // the supplementary groups
    PEERCRED_LABEL = 2,  // the label of the security module
    PEERCRED_PIDFD = 4,  // a process descriptor, owned by the caller
    // Make sure that the socket is a Unix socket that does not listen: needed for a descriptor of unknown origin, since
    // SO_PEERCRED also answers on a listening socket, with its own process.
    PEERCRED_CHECK_SOCKET = 8,
    PEERCRED_EVERY = 16 // of peercred_pass_credentials: every message, not perhaps the first alone
};

// The fixed part of an answer. Java reads it at these offsets.
struct peercred {
    int32_t status; // of pid, uid and gid
    int32_t pid;    // 0: not visible in this pid namespace, or the mechanism records none
    uint32_t uid;
    uint32_t gid;
    int32_t groups_status;
    uint32_t groups_count; // groups stored, or needed if PEERCRED_TOO_SMALL
    int32_t label_status;
    uint32_t label_length; // bytes stored, or needed if PEERCRED_TOO_SMALL
    int32_t pidfd_status;
    int32_t pidfd;       // -1, or a descriptor with close-on-exec set that the caller must close
    int32_t pidfd_errno; // the errno behind PEERCRED_REAPED, PEERCRED_UNSUPPORTED or PEERCRED_NOT_CONNECTED, or 0
    int32_t mechanism;   // one of enum peercred_mechanism: what was asked, or what is meant to answer, whatever the status
};

// An answer with nothing in it.
#define PEERCRED_NOTHING(status_, mechanism_)    \
    {                                            \
        .status = (status_),                     \
        .groups_status = PEERCRED_NOT_REQUESTED, \
        .label_status = PEERCRED_NOT_REQUESTED,  \
        .pidfd_status = PEERCRED_NOT_REQUESTED,  \
        .pidfd = -1,                             \
        .mechanism = (mechanism_),               \
    }

// Where the parts of variable length go. A part that is not asked for may be NULL.
struct peercred_space {
    uint32_t *groups;
    uint32_t groups_capacity; // in groups
    char *label;
    uint32_t label_capacity; // in bytes
};

// Asks what the kernel recorded about the peer when the connection was set up. Never blocks. Fills all of out, whatever
// happens: where a status is not PEERCRED_OK its data are zero (pidfd: -1), and unless status is PEERCRED_OK no
// other part is asked for. Several parts may be absent each for a reason of its own.
void peercred_connect_time(int fd, unsigned want, const struct peercred_space *space, struct peercred *out);

// Makes the kernel attach the sender's credentials to what is read from a Unix socket, or no longer; PEERCRED_LABEL and PEERCRED_PIDFD
// in want, the sender's label and a descriptor of its process as well, where the kernel has those; PEERCRED_CHECK_SOCKET, of a
// socket from elsewhere: undoes an SO_PEEK_OFF that it may have. On a listening socket: for those that it accepts. On NetBSD it holds for one message of a stream, and may be set again; there PEERCRED_EVERY is unsupported,
// save on a datagram socket. Returns PEERCRED_OK, -errno of setsockopt(2), PEERCRED_NOT_UNIX_SOCKET or PEERCRED_UNSUPPORTED.
int peercred_pass_credentials(int fd, unsigned want, int on);

// Lets others send descriptors through a Unix socket, as is the default, or refuses them with EPERM. On a listening socket: for those
// that it accepts. Those that were sent before stay. Returns PEERCRED_OK or -errno of setsockopt(2), or PEERCRED_UNSUPPORTED.
int peercred_pass_descriptors(int fd, int on);

// Looks who sent the byte of a stream that the next read returns first, without taking it. Never blocks, and leaves no descriptor open
// that was passed with the byte. Fills all of out as peercred_connect_time does; there are no groups. Its status is PEERCRED_OK,
// _NOTHING_NOW, _END, _NO_CREDENTIAL, _TRUNCATED, _MALFORMED, _UNSUPPORTED, or -errno of recvmsg(2): a pending error of the socket,
// which is taken out of it. Of want, PEERCRED_LABEL and PEERCRED_PIDFD count; each look gives a new process descriptor.
void peercred_peek(int fd, unsigned want, const struct peercred_space *space, struct peercred *out);

// Whether the descriptor is a Unix datagram socket: PEERCRED_OK, PEERCRED_NOT_UNIX_SOCKET also if it is another kind of Unix
// socket, PEERCRED_UNSUPPORTED, or -errno.
int peercred_check_datagram(int fd);

// As peercred_peek, of the datagram that the next read takes; length is how many bytes that has. It may have none, and a
// datagram socket has no PEERCRED_END. On the BSDs a datagram of more than 256 KiB is PEERCRED_TRUNCATED.
void peercred_peek_datagram(int fd, unsigned want, const struct peercred_space *space, uint32_t *length, struct peercred *out);

// A datagram and the memory it goes to. Java fills and reads it at these offsets.
struct peercred_datagram {
    struct peercred sender; // out, as of peercred_peek
    uint32_t length;        // out: how many bytes it has, with those beyond capacity, which are lost
    uint64_t space;         // in: the address of the memory for its bytes
    uint32_t capacity;      // in: how many bytes may go there
    uint32_t name_length;   // out: of the sender's address, 0 if the sender has none
    char name[108];         // out: the path without a NUL behind it, or an abstract name, which begins with NUL
    uint32_t unused;
};

enum { PEERCRED_BURST = 64 }; // the most datagrams that one call takes

// Takes up to count datagrams that are there. Never blocks, and leaves no descriptor open that was passed with one. Returns
// how many it took, 0 if there was none, or -errno of recvmmsg(2), -ENOSYS where there is none. Of want, PEERCRED_LABEL and
// PEERCRED_PIDFD count; with one of them it takes one datagram at most.
int peercred_receive(int fd, unsigned want, const struct peercred_space *space, struct peercred_datagram *out, unsigned count);

// Whose ids a sender attaches.
enum peercred_ids {
    PEERCRED_REAL = 0,      // of the calling thread, as are the next two
    PEERCRED_EFFECTIVE = 1,
    PEERCRED_SAVED = 2,
    PEERCRED_GIVEN = 3      // those given: takes CAP_SETUID, CAP_SETGID and CAP_SYS_ADMIN for what is not the process's own
};

struct peercred_sender {
    int32_t ids; // enum peercred_ids
    int32_t pid; // 0: that of this process
    uint32_t uid;
    uint32_t gid;
};

// What became of a send. Java reads it at these offsets.
struct peercred_sent {
    int32_t status;
    uint32_t count; // bytes sent, 1 or more if status is PEERCRED_OK and there were any, else 0
};

// Sends bytes over a stream with the sender's credentials attached (SCM_CREDENTIALS), by one sendmsg(2). Never blocks, never
// raises SIGPIPE. It may send less than all; what it sent has the credentials, the rest has not. Status: PEERCRED_OK;
// PEERCRED_NOTHING_NOW if there is no room now; -EPERM if the ids or the pid are not the process's own and it lacks the
// capability; -ESRCH if no process has the pid; -EINVAL if an id has no meaning in this user namespace. On FreeBSD the kernel
// itself fills in both the real and the effective ids (SCM_CREDS): PEERCRED_SAVED and PEERCRED_GIVEN are PEERCRED_UNSUPPORTED there.
void peercred_send(int fd, const void *bytes, uint32_t length, const struct peercred_sender *as, struct peercred_sent *out);

// What the kernel says of the process that used the peer's end last: as it is now, not when the connection was set up. To be
// shown, never to be decided by. macOS alone has it.
struct peercred_now {
    int32_t pid_status;
    int32_t pid;
    int32_t effective_pid_status;
    int32_t effective_pid; // of the process in whose name it acts
    int32_t token_status;
    uint32_t token[8]; // audit_token_t
};
void peercred_peer_now(int fd, struct peercred_now *out);

// Whether the process runs: PEERCRED_OK or PEERCRED_EXITED. Never blocks.
int peercred_pidfd_state(int pidfd);

// The ids that a process has now.
struct peercred_process {
    uint32_t pid;
    uint32_t parent_pid;
    uint32_t ruid, euid, suid;
    uint32_t rgid, egid, sgid;
};
int peercred_pidfd_ids(int pidfd, struct peercred_process *out);

// The name of a user or group, terminated by NUL, from the system's account database. May block for as long as that likes.
// PEERCRED_TOO_SMALL: call again with more space.
int peercred_user_name(uint32_t uid, char *name, size_t capacity);
int peercred_group_name(uint32_t gid, char *name, size_t capacity);

// The ids of the user or group of a name, from the system's account database; a user's primary group with them. space is what the
// look-up works in. May block for as long as the database likes. PEERCRED_TOO_SMALL: call again with more space.
int peercred_user_id(const char *name, char *space, size_t capacity, uint32_t *uid, uint32_t *gid);
int peercred_group_id(const char *name, char *space, size_t capacity, uint32_t *gid);

// All groups of a user, the given primary one among them: getgrouplist(3), which every system has although no standard says so. count is the
// space, in groups, and then the number stored, or needed if PEERCRED_TOO_SMALL. The call tells no failure of the database
// from a user with no more groups. May block.
int peercred_user_groups(const char *name, uint32_t primary, uint32_t *groups, uint32_t *count);

// The effective user of this process.
uint32_t peercred_own_uid(void);

// What came of reading a file. Java reads it at these offsets.
struct peercred_file {
    int32_t status;
    uint32_t length;        // bytes stored
    uint32_t component_end; // where in the path the component ends that status is about
    uint32_t mode;          // of that component, st_mode, where a status of PEERCRED_FILE_* is about one that was found
    uint32_t owner;
    uint32_t links;
};

// Reads a whole file, and only one that nobody can have changed but root and this process's effective user: walks from / to it with
// openat(2), follows no symbolic link, and checks of every folder, and of the file, on the descriptor that it goes on with, that the
// owner is one of these two and that neither group nor others may write; of the file also that it is regular and has one
// link. Does not block on a FIFO. PEERCRED_TOO_SMALL: the file is longer than capacity.
void peercred_read_file(const char *path, char *content, size_t capacity, struct peercred_file *out);

// Opens the folder that a path's last component lies in, which need not exist, by the same walk with the same checks. Returns a descriptor
// that the caller closes, good for openat(2) and its like, not for reading; or -1, with out filled.
int peercred_open_folder_of(const char *path, struct peercred_file *out);

#endif
