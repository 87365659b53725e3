"""Sends datagrams of one flow and one length in few calls: udp-segments.py ADDRESS PORT BYTES [singly] < PAYLOADS. The payloads, BYTES each, stand
one after the other. The kernel cuts what it is given only where a device cannot take it whole (UDP_SEGMENT in udp(7)); veth can. With "singly" each
goes in a call of its own."""

import socket
import sys
import time

address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
singly = sys.argv[4:] == ["singly"]
udp_segment = 103
at_once = 16

payloads = sys.stdin.buffer.read()
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    if not singly:
        sender.setsockopt(socket.IPPROTO_UDP, udp_segment, size)
    sender.connect((address, port))
    for start in range(0, len(payloads), size * at_once):
        burst = payloads[start : start + size * at_once]
        for at in range(0, len(burst), size if singly else len(burst)):
            sender.send(burst[at : at + (size if singly else len(burst))])
        time.sleep(0.0005)
