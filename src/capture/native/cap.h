/* class Cap, as cap.c, open.c and input.c share it. */
#ifndef CAP_H
#define CAP_H

#include "native.h"

#include <pcap/pcap.h>
#include <stdint.h>
#include <sys/types.h>

/* Largest frame that libpcap delivers for our link types (its MAXIMUM_SNAPLEN): longer ones are errors of a file. */
#define FRAME_BYTES_MAX 262144
#define RECORD_HEADER_BYTES 16
#define RECORD_BYTES(frame_bytes) (RECORD_HEADER_BYTES + (size_t)(frame_bytes))

/* What is left of the reader's memory, and how many records stand in front of that. */
struct batch {
	uint8_t *at;
	uint8_t *end;
	uint64_t count;
	bool overrun;
};

/* A file whose records are read without libpcap; see plain.c. */
struct plain {
	bool is_plain;
	off_t at; /* the next record */
	uint32_t frame_bytes_max;
	uint32_t time_unit; /* of the records' second word, in nanoseconds */
};

struct cap {
	pcap_t *handle; /* NULL unless open */
	struct wakeup *wakeup;
	bool is_live;
	size_t buffer_bytes; /* of a live capture */
	size_t record_bytes_max;
	char *file_buffer;
	struct plain plain;
	struct input *input; /* a capture that is being written; else NULL */
	unsigned interface_index; /* 0: a file, or `any` */
	/* A fault behind frames that are delivered first; thrown by the next read. */
	bool fault_pending;
	uint64_t received, dropped, interface_dropped;
	struct pcap_stat last; /* libpcap counts in 32 bits: what it said last, to add differences */
};

/* Gives the receiver's Cap and up to `count` arguments; NULL with an exception pending if the receiver is none. */
struct cap *receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[]);

/* The same, and refuses a Cap that is not open. */
struct cap *open_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[]);

/* open.c: methods of the class */
napi_value open_live(napi_env env, napi_callback_info info);
napi_value open_offline(napi_env env, napi_callback_info info);
napi_value link_type_name(napi_env env, napi_callback_info info);
napi_value set_filter(napi_env env, napi_callback_info info);

/* input.c: methods of the class */
napi_value open_growing(napi_env env, napi_callback_info info);
napi_value is_at_end(napi_env env, napi_callback_info info);
napi_value file_offset(napi_env env, napi_callback_info info);

/* plain.c: see there */
void plain_open(struct cap *cap);
void plain_read(struct cap *cap, struct batch *batch);

/* input.c: see there */
struct input;
void input_retry(const struct cap *cap);
void input_free(struct input *input);

/* open.c: see there */
char *string_argument(napi_env env, napi_value value);
napi_value link_type_of(napi_env env, const struct cap *cap);
bool interface_is_up(napi_env env, const struct cap *cap);

#endif
