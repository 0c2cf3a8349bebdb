# SPDX-License-Identifier: Apache-2.0
"""raw.py PATH [TEXT]: sends a text, with backslash escapes, to a Unix domain socket in one piece, and prints what comes back until the end."""

import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
    client.connect(sys.argv[1])
    for text in sys.argv[2:]:
        client.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    try:
        while data := client.recv(65536):
            sys.stdout.write(data.decode())
    except ConnectionResetError:
        print("reset")
