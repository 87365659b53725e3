"""Writes joined datagrams into a TUN device, as user-space tunnels do: tun-joined.py DEVICE BYTES < PAYLOADS. The payloads, BYTES each, stand
one after the other; 20 go into each packet, IPv4 from 10.77.8.2 to 10.77.8.1, port 53. The kernel learns of their length from the header
before the packet (struct virtio_net_hdr in linux/virtio_net.h)."""

import fcntl
import os
import struct
import sys
import time

device, size = sys.argv[1], int(sys.argv[2])
tunsetiff, tunsetoffload = 0x400454CA, 0x400454D0
iff_tun, iff_no_pi, iff_vnet_hdr = 0x0001, 0x1000, 0x4000
offload_checksum, offload_uso4, offload_uso6 = 0x01, 0x20, 0x40
needs_checksum, gso_udp_l4 = 1, 5
at_once = 20


def folded_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, tunsetiff, struct.pack("16sH22x", device.encode(), iff_tun | iff_no_pi | iff_vnet_hdr))
fcntl.ioctl(tun, tunsetoffload, offload_checksum | offload_uso4 | offload_uso6)
addresses = bytes([10, 77, 8, 2, 10, 77, 8, 1])
payloads = sys.stdin.buffer.read()
for start in range(0, len(payloads), size * at_once):
    payload = payloads[start : start + size * at_once]
    udp_bytes = 8 + len(payload)
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + udp_bytes, 1, 0x4000, 64, 17, 0) + addresses
    header = header[:10] + struct.pack(">H", ~folded_sum(header) & 0xFFFF) + addresses
    pseudo_sum = folded_sum(addresses + struct.pack(">HH", 17, udp_bytes))
    udp = struct.pack(">HHHH", 40000, 53, udp_bytes, pseudo_sum) + payload
    virtio = struct.pack("<BBHHHH", needs_checksum, gso_udp_l4, 28, size, 20, 6)
    os.write(tun, virtio + header + udp)
    time.sleep(0.0005)
# The device is there for as long as it is open: until the packets were read from it.
time.sleep(1)
