// SPDX-License-Identifier: Apache-2.0
//
// The system calls of a server that takes a socket's path exclusively, and of who signals that server. Linux; elsewhere each
// returns -ENOSYS.
//
// Every function returns 0 or, where it says so, a descriptor (close-on-exec, owned by the caller) or a length; or -errno. A folder is a
// descriptor, and a name is one component of a path in it: no symbolic link is ever followed.
#ifndef PEERCRED_SERVICE_H
#define PEERCRED_SERVICE_H

#include <stddef.h>
#include <stdint.h>

// What a name or descriptor stands for: stat(2). Java reads it at these offsets.
struct peercred_inode {
    uint64_t device;
    uint64_t inode;
    uint32_t mode; // st_mode
    uint32_t owner;
};

// Fills out about the name, or about what the folder's descriptor itself stands for if name is NULL.
int peercred_service_stat(int folder, const char *name, struct peercred_inode *out);

// Returns a descriptor that stands for the name and keeps its inode from being used again (O_PATH).
int peercred_service_hold(int folder, const char *name);

// Returns a descriptor of the name for a lock; makes an empty file of mode 0600 if there is none.
int peercred_service_open_lock(int folder, const char *name);

// Takes the exclusive lock on the descriptor's open file description (F_OFD_SETLK, Linux 3.15), or gives it back. -EAGAIN: another one
// has it. Never waits.
int peercred_service_lock(int fd, int on);

// Makes a folder that its owner alone may enter, unless it is there, and returns a descriptor of it.
int peercred_service_private_folder(int folder, const char *name);

// Makes a stream socket that does not block, with this mode, which bind(2) gives to the file less what the umask takes away.
int peercred_service_socket(uint32_t mode);

// Binds to a path of up to 107 bytes.
int peercred_service_bind(int fd, const char *path);

int peercred_service_listen(int fd, int backlog);
int peercred_service_change_mode(int folder, const char *name, uint32_t mode);

// Sets owner and group; UINT32_MAX leaves one as it is.
int peercred_service_change_owner(int folder, const char *name, uint32_t owner, uint32_t group);

// Moves a name. With replace off, -EEXIST if the new one exists, where the file system can tell that (renameat2, Linux 3.15).
int peercred_service_rename(int from, const char *old_name, int to, const char *new_name, int replace);

int peercred_service_unlink(int folder, const char *name);
int peercred_service_remove_folder(int folder, const char *name);

// Connects to exactly the socket that a descriptor of peercred_service_hold stands for, and returns the connection. -ECONNREFUSED: nobody
// listens. -EAGAIN: somebody does, and the backlog stayed full for so long.
int peercred_service_connect(int held, int timeout_millis);

// Makes sure that the descriptor is a Unix stream socket that listens, and stores the path that it was bound to. Returns the path's length,
// which is 0 for a socket without a path; -ENOTSOCK if it is not such a socket.
int peercred_service_listener_path(int fd, char *path, size_t capacity);

// Sets close-on-exec and O_NONBLOCK on a descriptor that was inherited.
int peercred_service_adopt(int fd);

// Sends one byte, and with it a copy of both descriptors unless the first is -1. Never waits and raises no SIGPIPE.
int peercred_service_send(int fd, uint8_t byte, int first, int second);

// Receives one byte, and the descriptors that come with it into descriptors[0] and [1], -1 for one that does not. Returns the byte;
// -EAGAIN once so much time has gone by without one; -EPIPE at the end of the stream.
int peercred_service_receive(int fd, int timeout_millis, int descriptors[2]);

// Makes the other side's next send fail (shutdown(2) for reading). What it has sent before can still be received.
int peercred_service_refuse_more(int fd);

// Sends a signal to the process of a process descriptor and to no other (pidfd_send_signal(2), Linux 5.1). -ESRCH: it has ended.
int peercred_service_signal(int pidfd, int number);

// Waits until the process has ended: 1; or 0 once so much time has gone by. -1 waits for as long as it takes.
int peercred_service_await_exit(int pidfd, int timeout_millis);

#ifdef JNIEXPORT
jint peercred_service_register(JNIEnv *env, const char *package_prefix);
#endif

#endif
