# SPDX-License-Identifier: Apache-2.0
"""A peer in Python's own words for the go-on handshake; bytes are written in hexadecimal.

goon.py server PATH UID GID MESSAGE LENGTH  accepts, sets SO_PASSCRED, sends MESSAGE, prints the answer of LENGTH bytes with its
                                            sender, sends "welcome" and prints what comes up to the end of the stream
goon.py client PATH UID GID MESSAGE ANSWER  connects, reads MESSAGE, sends ANSWER with its credentials and then "from python",
                                            and prints what comes up to the end of the stream
"""
import os
import socket
import struct
import sys

role, path, uid, gid, message = sys.argv[1:6]
message = bytes.fromhex(message)
os.setgroups([])
os.setresgid(int(gid), int(gid), int(gid))
os.setresuid(int(uid), int(uid), int(uid))


def receive_exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            sys.exit("the stream ended")
        data += more
    return data


if role == "server":
    length = int(sys.argv[6])
    with socket.socket(socket.AF_UNIX) as listener:
        os.umask(0)
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        connection, _ = listener.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    connection.sendall(message)
    data, ancillary, _, _ = connection.recvmsg(length, socket.CMSG_SPACE(struct.calcsize("3i")))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            sender_pid, sender_uid, sender_gid = struct.unpack("iII", content)
            print(data.hex(), sender_uid, sender_gid, sender_pid, flush=True)
    connection.sendall(b"welcome")
    connection.shutdown(socket.SHUT_WR)
else:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    if receive_exactly(connection, len(message)) != message:
        sys.exit("another message")
    mine = struct.pack("iII", os.getpid(), os.getuid(), os.getgid())
    connection.sendmsg([bytes.fromhex(sys.argv[6])], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, mine)])
    connection.sendall(b"from python")
    connection.shutdown(socket.SHUT_WR)
print(b"".join(iter(lambda: connection.recv(65536), b"")).decode(), flush=True)
