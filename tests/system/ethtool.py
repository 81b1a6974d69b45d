#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ethtool.py DEVICE tx-csum on|off - the one feature of ethtool(8) we need"""
import ctypes
import fcntl
import socket
import struct
import sys

SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17

dev, what, state = sys.argv[1:]
if what != "tx-csum":
    sys.exit(__doc__)
value = ctypes.create_string_buffer(
    struct.pack("II", ETHTOOL_STXCSUM, state == "on"))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    fcntl.ioctl(s, SIOCETHTOOL,
                struct.pack("16sP16x", dev.encode(), ctypes.addressof(value)))
