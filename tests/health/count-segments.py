#!/usr/bin/env python3
"""Counts what PROTOCOL.md says of a capture of dnstt, for comparison with the exporter: shares no code with it.

    count-segments.py CAPTURE DOMAIN [PORT]

tshark (Debian package tshark) takes the frames apart down to the UDP payload; DNS names, base32, packets and KCP
segments are read here. Prints one JSON object.
"""
import base64
import json
import statistics
import struct
import subprocess
import sys

PUSH, ACK = 81, 82


def frames(path):
    fields = ["frame.time_epoch", "udp.srcport", "udp.dstport", "udp.payload"]
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "occurrence=f", "-Y", "udp"]
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        time, source, destination, payload = line.split("\t")
        yield float(time), int(source), int(destination), bytes.fromhex(payload.replace(":", ""))


def name_at(message, at):
    """The labels of an uncompressed name, and where it ends."""
    labels = []
    while message[at] != 0:
        labels.append(message[at + 1 : at + 1 + message[at]])
        at += 1 + message[at]
    return labels, at + 1


def tunnel_bytes(labels, domain):
    """What the labels in front of the domain hold, or None."""
    suffix = [label.encode() for label in domain.lower().split(".")]
    if [label.lower() for label in labels[-len(suffix) :]] != suffix:
        return None
    text = b"".join(labels[: -len(suffix)]).upper()
    try:
        data = base64.b32decode(text + b"=" * (-len(text) % 8))
    except ValueError:
        return None
    return data if len(data) >= 8 else None


def packets_up(data):
    at = 8
    while at < len(data):
        prefix = data[at]
        at += 1
        if prefix >= 0xE0:
            at += prefix - 0xE0
        else:
            yield data[at : at + prefix]
            at += prefix


def packets_down(message, at):
    """The packets in the first answer, whose name is a pointer or an uncompressed name."""
    at = at + 2 if message[at] >= 0xC0 else name_at(message, at)[1]
    kind, length = struct.unpack_from("!H6xH", message, at)
    if kind != 16:
        return
    end = at + 10 + length
    at += 10
    text = b""
    while at < end:
        text += message[at + 1 : at + 1 + message[at]]
        at += 1 + message[at]
    at = 0
    while at + 2 <= len(text):
        (length,) = struct.unpack_from("!H", text, at)
        yield text[at + 2 : at + 2 + length]
        at += 2 + length


def segments(packet):
    at = 0
    while at + 24 <= len(packet):
        conversation, command, _, _, stamp, sequence, _, length = struct.unpack_from("<IBBHIIII", packet, at)
        yield conversation, command, stamp, sequence, length
        at += 24 + length
    assert at == len(packet), "a packet with more or less than segments"


class Direction:
    def __init__(self):
        self.packets = self.packet_bytes = self.segments = self.acks = 0
        # The pushes of each client and conversation, in the order in which they were captured.
        self.sent = {}

    def push(self, client, conversation, sequence, stamp, length):
        self.sent.setdefault((client, conversation), []).append((sequence, stamp, length))

    def highest(self, client, conversation):
        return max((sequence for sequence, _, _ in self.sent.get((client, conversation), [])), default=-1)

    @property
    def pushes(self):
        return sum(map(len, self.sent.values()))

    @property
    def retransmissions(self):
        return sum(map(self.again, self.sent.values()))

    def data_bytes(self):
        """Of each client, what it sent or was sent, each number once."""
        totals = {}
        for (client, _), pushes in self.sent.items():
            lengths = {sequence: length for sequence, _, length in pushes}
            totals[client] = totals.get(client, 0) + sum(lengths.values())
        return sorted(totals.values())

    def as_json(self):
        return {
            "packets": self.packets,
            "packet_bytes": self.packet_bytes,
            "segments": self.segments,
            "pushes": self.pushes,
            "retransmissions": self.retransmissions,
            "acks": self.acks,
            "data_bytes_by_client": self.data_bytes(),
        }


class Down(Direction):
    """Captured where it is sent: every sending of a number after its first is one again."""

    def again(self, pushes):
        return len(pushes) - len({sequence for sequence, _, _ in pushes})


class Up(Direction):
    """
    What resolvers lose, reorder and copy. A sending is known by number and stamp; copies have both. One was again if a
    higher number was stamped before it, as no number is sent for the first time after a higher one.
    """

    def again(self, pushes):
        sendings = {(sequence, stamp) for sequence, stamp, _ in pushes}
        return sum(any(higher > sequence and earlier < stamp for higher, earlier in sendings) or
                   any(same == sequence and earlier < stamp for same, earlier in sendings)
                   for sequence, stamp in sendings)


def count(path, domain, port):
    up, down = Up(), Down()
    polls = queries = responses = 0
    offset = None
    echoes = []
    overtaken = 0
    latest = {}
    seen = set()
    for time, source, destination, message in frames(path):
        if port not in (source, destination) or len(message) < 12:
            continue
        is_response = message[2] >= 0x80
        if is_response != (source == port):
            continue
        labels, end = name_at(message, 12)
        data = tunnel_bytes(labels, domain)
        if data is None or message[end : end + 2] != b"\0\x10":
            continue
        # The same datagram on two interfaces of one host: counted once, as it comes within a millisecond.
        key = (round(time, 2), message)
        if key in seen:
            continue
        seen.add(key)
        client = data[:8]
        direction = down if is_response else up
        answers = struct.unpack_from("!H", message, 6)[0]
        if is_response:
            responses += 1
            packets = list(packets_down(message, end + 4)) if answers else []
        else:
            queries += 1
            packets = list(packets_up(data))
            polls += not packets
        for packet in packets:
            direction.packets += 1
            direction.packet_bytes += len(packet)
            for conversation, command, stamp, sequence, length in segments(packet):
                direction.segments += 1
                if command == PUSH:
                    direction.push(client, conversation, sequence, stamp, length)
                    if is_response:
                        late = time * 1000 - stamp
                        offset = late if offset is None else min(offset, late)
                elif command == ACK:
                    direction.acks += 1
                    if is_response or sequence > down.highest(client, conversation):
                        continue
                    # Resolvers ask again with the same acknowledgement: only what goes beyond the latest counts.
                    if (stamp, sequence) > latest.get(client, (-1, -1)):
                        latest[client] = (stamp, sequence)
                        echoes.append(time * 1000 - stamp)
                    else:
                        overtaken += 1
    trips = [(echo - offset) / 1000 for echo in echoes]
    return {
        "queries": queries,
        "polls": polls,
        "data_queries": queries - polls,
        "responses": responses,
        "up": up.as_json(),
        "down": down.as_json(),
        "round_trips": len(trips),
        "overtaken_acks": overtaken,
        "round_trip_median_seconds": statistics.median(trips) if trips else None,
    }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    print(json.dumps(count(arguments[0], arguments[1], int(arguments[2]) if len(arguments) > 2 else 53)))
