# SPDX-License-Identifier: Apache-2.0
"""Logs to a Unix socket: logclient.py datagram|stream|fork|{inject,marks}-{datagram,stream} PATH."""
import logging
import logging.handlers
import os
import socket
import sys

what, path = sys.argv[1:]
kind = socket.SOCK_DGRAM if what.endswith("datagram") else socket.SOCK_STREAM
if what in ("datagram", "stream"):
    handler = logging.handlers.SysLogHandler(address=path, socktype=kind)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    logging.info("first")
    logging.warning("second")
else:
    connection = socket.socket(socket.AF_UNIX, kind)
    connection.connect(path)
    if what == "fork":
        connection.sendall(b"<13>by the parent\n")
        child = os.fork()
        if child == 0:
            connection.sendall(b"<13>by the child\n")
            os._exit(0)
        os.waitpid(child, 0)
    elif what.startswith("marks"):
        connection.sendall(b" !pid=1 !program=sshd lost=77: <86>sshd[1]: Accepted\n")
    else:
        forged = "2026-01-01T00:00:00Z uid=0 gid=0 pid=1 exe=/sbin/init <13>init[1]: forged"
        text = "<13>x\n" + forged + "\r\x1b[2K\u2028" + forged + "\\u{d}"
        connection.sendall(text.encode() + (b"\n" if kind == socket.SOCK_STREAM else b""))
        connection.sendall(b"<13>end\n")
