// SPDX-License-Identifier: Apache-2.0
//
// The numbers that Netty's kqueue classes ask their native library for, as FreeBSD has them, and nothing else: enough for their
// channels to run on Linux where something else waits for their descriptors.
#define NUMBER(type, class, name, value)                              \
    type Java_io_netty_channel_kqueue_##class##_##name(void *, void *); \
    type Java_io_netty_channel_kqueue_##class##_##name(void *env, void *called) { \
        (void)env;                                                     \
        (void)called;                                                  \
        return (type)(value);                                          \
    }
#define SHORT(name, value) NUMBER(short, KQueueStaticallyReferencedJniMethods, name, value)
#define INT(name) NUMBER(int, KQueueStaticallyReferencedJniMethods, name, 0)

SHORT(evAdd, 0x0001)
SHORT(evDelete, 0x0002)
SHORT(evEnable, 0x0004)
SHORT(evDisable, 0x0008)
SHORT(evClear, 0x0020)
SHORT(evEOF, 0x8000)
SHORT(evError, 0x4000)
SHORT(evfiltRead, -1)
SHORT(evfiltWrite, -2)
SHORT(evfiltUser, -11)
SHORT(evfiltSock, 0)
SHORT(noteReadClosed, 0)
SHORT(noteConnReset, 0)
SHORT(noteDisconnected, 0)
INT(connectResumeOnReadWrite)
INT(connectDataIdempotent)
INT(fastOpenClient)
INT(fastOpenServer)
NUMBER(int, Native, sizeofKEvent, 32)
NUMBER(int, Native, registerUnix, 0) // what all Unix channels share comes from the library of epoll
