"""Switches a feature of a network device on: device-feature.py DEVICE FEATURE, as `ethtool -K DEVICE FEATURE on` does (linux/ethtool.h)."""

import array
import fcntl
import socket
import struct
import sys

device, feature = sys.argv[1:]
siocethtool, get_set_sizes, get_strings, set_features, feature_names = 0x8946, 0x37, 0x1B, 0x3B, 4


def ethtool(words):
    buffer = array.array("B", words)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, siocethtool, struct.pack("16sP8x", device.encode(), buffer.buffer_info()[0]))
    return bytes(buffer)


count = struct.unpack_from("I", ethtool(struct.pack("IIQI", get_set_sizes, 0, 1 << feature_names, 0)), 16)[0]
strings = ethtool(struct.pack("III", get_strings, feature_names, count) + bytes(32 * count))[12:]
names = [strings[at : at + 32].split(b"\0")[0].decode() for at in range(0, len(strings), 32)]
index = names.index(feature)
blocks = [(1 << index % 32) if index // 32 == block else 0 for block in range((count + 31) // 32)]
ethtool(struct.pack("II", set_features, len(blocks)) + b"".join(struct.pack("II", bits, bits) for bits in blocks))
