# SPDX-License-Identifier: Apache-2.0
"""Calls WhoAmI at ADDRESS with python3-dbus, on a plain connection and on one that begins with Hello."""
import sys

import dbus.bus
import dbus.connection

for connection in dbus.connection.Connection(sys.argv[1]), dbus.bus.BusConnection(sys.argv[1]):
    uid, gid, evidence = connection.call_blocking("x.y", "/", "io.github.nettypeercred.WhoAmI", "WhoAmI", "", [])
    print(int(uid), int(gid), evidence)
