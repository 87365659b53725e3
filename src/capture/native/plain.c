/*
 * The commonest kind of capture file: pcap, on a disk, written by a host of this byte order. libpcap opens it, and would copy
 * each frame twice on its way here. But a record's header has the layout of a batch's, except for the unit of time; so
 * records are read into the batch as they are. Where one is not sound or not whole, and at the end of the file, libpcap goes
 * on: what is wrong with a file is for it alone to say.
 *
 * Source: draft-ietf-opsawg-pcap, sections 4 and 5.
 */
#define _GNU_SOURCE
#include "cap.h"
#include "pcapfile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int descriptor(const struct cap *cap)
{
	return fileno(pcap_file(cap->handle));
}

void plain_open(struct cap *cap)
{
	uint32_t magic;
	cap->plain = (struct plain){0};
	/* A pipe by name cannot be read at an offset. */
	if (pread(descriptor(cap), &magic, sizeof magic, 0) != sizeof magic ||
	    (magic != PCAP_MAGIC_MICROSECONDS && magic != PCAP_MAGIC_NANOSECONDS))
		return;
	/* Versions before 2.4 have the lengths in another order. */
	if (pcap_minor_version(cap->handle) != 4)
		return;
	/* libpcap cuts what is longer than the header says. */
	uint32_t snapshot_bytes = (uint32_t)pcap_snapshot(cap->handle);
	cap->plain = (struct plain){
		.is_plain = true,
		.at = PCAP_FILE_HEADER_BYTES,
		.frame_bytes_max = snapshot_bytes < FRAME_BYTES_MAX ? snapshot_bytes : FRAME_BYTES_MAX,
		.time_unit = magic == PCAP_MAGIC_MICROSECONDS ? 1000 : 1,
	};
}

void plain_read(struct cap *cap, struct batch *batch)
{
	struct plain *plain = &cap->plain;
	if (!plain->is_plain)
		return;
	ssize_t read_bytes = pread(descriptor(cap), batch->at, (size_t)(batch->end - batch->at), plain->at);
	const uint8_t *start = batch->at, *end = start + (read_bytes > 0 ? read_bytes : 0);
	while (end - batch->at >= RECORD_HEADER_BYTES) {
		uint32_t header[RECORD_HEADER_BYTES / 4];
		memcpy(header, batch->at, sizeof header);
		if (header[2] > plain->frame_bytes_max || RECORD_BYTES(header[2]) > (size_t)(end - batch->at))
			break;
		header[1] *= plain->time_unit;
		memcpy(batch->at, header, sizeof header);
		batch->at += RECORD_BYTES(header[2]);
		batch->count++;
	}
	plain->at += batch->at - start;
	if (batch->at > start)
		return;
	plain->is_plain = false;
	fseeko(pcap_file(cap->handle), plain->at, SEEK_SET);
}
