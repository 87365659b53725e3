/*
 * What the formats of capture files prescribe.
 *
 * Sources: draft-ietf-opsawg-pcap sections 4 and 5, draft-ietf-opsawg-pcapng section 4.1.
 */
#ifndef PCAPFILE_H
#define PCAPFILE_H

/* The first word of a pcap file tells its byte order and the unit of its time stamps. */
#define PCAP_MAGIC_MICROSECONDS 0xa1b2c3d4
#define PCAP_MAGIC_NANOSECONDS 0xa1b23c4d
#define PCAP_FILE_HEADER_BYTES 24
#define PCAP_RECORD_HEADER_BYTES 16

/* Type of the block that a pcapng file begins with: the same in both byte orders, which its third word tells. */
#define PCAPNG_SECTION_HEADER 0x0a0d0d0a
#define PCAPNG_BYTE_ORDER_MAGIC 0x1a2b3c4d

#endif
