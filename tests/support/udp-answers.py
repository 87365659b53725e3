"""Answers datagrams: udp-answers.py PORT ANSWER COUNT. To each goes the file ANSWER, its first two bytes replaced by the datagram's. Prints
how many came after COUNT of them, or when none came for 10 s."""

import socket
import sys

answer = open(sys.argv[2], "rb").read()
count = int(sys.argv[3])
received = 0
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    server.settimeout(10)
    server.bind(("::", int(sys.argv[1])))
    print("ready", flush=True)
    try:
        while received < count:
            message, sender = server.recvfrom(65535)
            received += 1
            server.sendto(message[:2] + answer[2:], sender)
    except TimeoutError:
        pass
print(received, flush=True)
