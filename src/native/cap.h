/* class Cap, as cap.c, open.c and input.c share it. */
#ifndef CAP_H
#define CAP_H

#include "native.h"

#include <pcap/pcap.h>
#include <stdint.h>

/* Largest frame that libpcap delivers for our link types (its MAXIMUM_SNAPLEN): longer ones are errors of a file. */
#define FRAME_BYTES_MAX 262144
#define RECORD_HEADER_BYTES 16
#define RECORD_BYTES(frame_bytes) (RECORD_HEADER_BYTES + (size_t)(frame_bytes))

struct cap {
	pcap_t *handle; /* NULL unless open */
	bool is_live;
	size_t record_bytes_max;
	char *file_buffer;
	struct input *input; /* a capture that is being written; else NULL */
	unsigned interface_index; /* 0: a file, or `any` */
	/* A failure after frames that are delivered first; the next read throws it. */
	bool fault_pending;
	uint64_t received, dropped, interface_dropped;
	struct pcap_stat last; /* libpcap counts in 32 bits: its last counts, to add the differences */
};

/* receiver.c */

/* Returns the receiver's Cap and up to `count` arguments. Throws wrong_argument and returns NULL if the receiver is not a Cap. */
struct cap *receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[]);

/* Does what receiver() does, and throws not_open if the Cap is not open. */
struct cap *open_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[]);

/* Does what receiver() does, and throws already_open if the Cap is open. */
struct cap *closed_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[]);

/* open.c: methods of the class */
napi_value open_live(napi_env env, napi_callback_info info);
napi_value open_offline(napi_env env, napi_callback_info info);
napi_value link_type_name(napi_env env, napi_callback_info info);
napi_value set_filter(napi_env env, napi_callback_info info);

/* input.c: methods of the class */
napi_value open_growing(napi_env env, napi_callback_info info);
napi_value is_at_end(napi_env env, napi_callback_info info);
napi_value file_offset(napi_env env, napi_callback_info info);

/* input.c */
struct input;

/* Lets libpcap read on in a capture that is being written, after the stream was at its end. Throws nothing. */
void input_retry(const struct cap *cap);

/* Closes the descriptor and frees everything. The libpcap handle that reads from it must be closed before. */
void input_free(struct input *input);

/* Reads pcapng from this descriptor of a file, all of which is there. NULL if there is no memory; else it closes the descriptor. */
struct input *input_of(int fd);

/* Opens what cap->input reads, and returns the LINKTYPE_ number; undefined while the capture's header is missing. */
napi_value input_capture(napi_env env, struct cap *cap);

/*
 * If reading ended before a packet of an interface of another link type, throws interfaces_differ, or sections_differ in a later
 * section, and returns true.
 */
bool input_fault(napi_env env, const struct cap *cap);

/* open.c */

/* Returns the LINKTYPE_ number of an open Cap as a JavaScript number; NULL if Node-API cannot make it. Throws nothing itself. */
napi_value link_type_of(napi_env env, const struct cap *cap);

/*
 * Whether the interface of a live Cap still exists and is up; true for `any`. Throws interface_gone or interface_down if not. An
 * interface that was taken down, or deleted and created again under its name, delivers no more frames and, once libpcap has fetched
 * the socket's error, no error either.
 */
bool interface_is_up(napi_env env, const struct cap *cap);

#endif
