/* The interfaces of a pcapng that is handed to libpcap; see interfaces.c. */
#ifndef INTERFACES_H
#define INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type of the block that a pcapng file begins with: the same in both byte orders, which its third word determines. */
#define PCAPNG_SECTION_HEADER 0x0a0d0d0a
#define PCAPNG_BYTE_ORDER_MAGIC 0x1a2b3c4d

struct interfaces {
	/* How every interface is described to libpcap: like the first of the file, unless interfaces_prefer() was called. */
	bool is_known;
	uint16_t link_type;
	/* libpcap has the first interface, with this snapshot length. */
	bool is_begun;
	uint32_t snapshot_bytes;
	uint32_t sections;
	/* Link types of the section's interfaces, by number. */
	uint16_t *link_types;
	uint32_t count, capacity;
	/* The interface of another link type that a packet is of, after interfaces_take() returned false. */
	uint32_t other;
};

/* The interface that the packet in this block is of; -1 if the block holds none. `bytes`: of the block that are there. */
int64_t packet_interface(const uint8_t *block, size_t bytes, bool swapped);

/* The link type of the interface that this block describes; -1 if it describes none. */
int32_t described_link_type(const uint8_t *block, size_t bytes, bool swapped);

/* Sets the file's link type, whatever its first interface has. */
void interfaces_prefer(struct interfaces *interfaces, uint16_t link_type);

/* Takes the next block, whole, and changes it for libpcap. False if it is a packet of another link type than the file's. */
bool interfaces_take(struct interfaces *interfaces, uint8_t *block, size_t bytes, bool swapped);

/* Frees everything that it holds; it is as new afterwards. */
void interfaces_clear(struct interfaces *interfaces);

#endif
