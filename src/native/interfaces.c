/*
 * libpcap refuses a pcapng whose interfaces differ in link type or snapshot length, even if no packet is from the other one. So
 * every interface is described to libpcap like the first one, and packets of another link type are detected here.
 *
 * Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.4.
 */
#include "interfaces.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#define LINKTYPE_RAW 101

#define INTERFACE_DESCRIPTION 1
#define PACKET 2 /* obsolete: appendix A */
#define SIMPLE_PACKET 3
#define ENHANCED_PACKET 6

/* After a block's type and length. */
#define LINK_TYPE_OFFSET 8
#define SNAPSHOT_OFFSET 12
#define INTERFACE_DESCRIPTION_BYTES 20
#define PACKET_INTERFACE_OFFSET 8

static uint32_t u32_of(const uint8_t *bytes, bool swapped)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof value);
	return swapped ? __builtin_bswap32(value) : value;
}

static uint16_t u16_of(const uint8_t *bytes, bool swapped)
{
	uint16_t value;
	memcpy(&value, bytes, sizeof value);
	return swapped ? __builtin_bswap16(value) : value;
}

int64_t packet_interface(const uint8_t *block, size_t bytes, bool swapped)
{
	if (bytes < PACKET_INTERFACE_OFFSET + 4)
		return -1;
	switch (u32_of(block, swapped)) {
	case PACKET:
		return u16_of(block + PACKET_INTERFACE_OFFSET, swapped);
	case SIMPLE_PACKET:
		return 0;
	case ENHANCED_PACKET:
		return u32_of(block + PACKET_INTERFACE_OFFSET, swapped);
	default:
		return -1;
	}
}

int32_t described_link_type(const uint8_t *block, size_t bytes, bool swapped)
{
	if (bytes < INTERFACE_DESCRIPTION_BYTES || u32_of(block, swapped) != INTERFACE_DESCRIPTION)
		return -1;
	return u16_of(block + LINK_TYPE_OFFSET, swapped);
}

void interfaces_prefer(struct interfaces *interfaces, uint16_t link_type)
{
	interfaces->is_known = true;
	interfaces->link_type = link_type;
}

static bool add(struct interfaces *interfaces, uint16_t link_type)
{
	if (interfaces->count == interfaces->capacity) {
		uint32_t capacity = interfaces->capacity * 2 + 8;
		uint16_t *link_types = realloc(interfaces->link_types, capacity * sizeof *link_types);
		if (!link_types)
			return false;
		interfaces->link_types = link_types;
		interfaces->capacity = capacity;
	}
	interfaces->link_types[interfaces->count++] = link_type;
	return true;
}

/* Changes the description to that of the file's first interface. */
static void describe(const struct interfaces *interfaces, uint8_t *block, bool swapped)
{
	/* libpcap compares the number of a later interface with its own of the first, which differs for RAW. */
	uint16_t link_type = interfaces->link_type;
	if (interfaces->is_begun && link_type == LINKTYPE_RAW)
		link_type = DLT_RAW;
	uint32_t snapshot_bytes = interfaces->snapshot_bytes;
	link_type = u16_of((const uint8_t *)&link_type, swapped);
	snapshot_bytes = u32_of((const uint8_t *)&snapshot_bytes, swapped);
	memcpy(block + LINK_TYPE_OFFSET, &link_type, sizeof link_type);
	memcpy(block + SNAPSHOT_OFFSET, &snapshot_bytes, sizeof snapshot_bytes);
}

bool interfaces_take(struct interfaces *interfaces, uint8_t *block, size_t bytes, bool swapped)
{
	if (bytes >= 4 && u32_of(block, swapped) == PCAPNG_SECTION_HEADER) {
		interfaces->count = 0;
		interfaces->sections++;
	}
	int32_t link_type = described_link_type(block, bytes, swapped);
	/* Without memory for its number it stays unchanged, and libpcap decides. */
	if (link_type >= 0 && add(interfaces, (uint16_t)link_type)) {
		if (!interfaces->is_known)
			interfaces_prefer(interfaces, (uint16_t)link_type);
		if (!interfaces->is_begun)
			interfaces->snapshot_bytes = u32_of(block + SNAPSHOT_OFFSET, swapped);
		describe(interfaces, block, swapped);
		interfaces->is_begun = true;
	}
	int64_t interface = packet_interface(block, bytes, swapped);
	if (interface < 0 || interface >= interfaces->count ||
	    interfaces->link_types[interface] == interfaces->link_type)
		return true;
	interfaces->other = (uint32_t)interface;
	return false;
}

void interfaces_clear(struct interfaces *interfaces)
{
	free(interfaces->link_types);
	*interfaces = (struct interfaces){0};
}
