# SPDX-License-Identifier: Apache-2.0
#
# Submits jobs: jobs.py SOCKET LINE...
import socket
import sys

with socket.socket(socket.AF_UNIX) as client:
    client.connect(sys.argv[1])
    stream = client.makefile("rw", newline="\r\n")
    print(stream.readline().strip())
    for line in sys.argv[2:]:
        stream.write(line + "\n")
        stream.flush()
        print(stream.readline().strip())
