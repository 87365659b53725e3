/*
 * The native half of package `cap`, on Node-API: class Cap over one libpcap handle. Every libpcap call is made on the
 * JavaScript thread. Frames leave in batches, in the record format of src/capture/source.ts. Nothing here can send.
 */
#define _GNU_SOURCE
#include "cap.h"

#include <stdlib.h>
#include <string.h>

/* Frees everything that an open capture holds; the Cap is as new afterwards. */
static void close_capture(struct cap *cap)
{
	if (cap->handle)
		pcap_close(cap->handle); /* closes the file too */
	free(cap->file_buffer); /* after the file that used it */
	if (cap->input)
		input_free(cap->input);
	*cap = (struct cap){0};
}

static void finalize_cap(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	close_capture(data);
	free(data);
}

static napi_value construct_cap(napi_env env, napi_callback_info info)
{
	napi_value self;
	if (napi_get_cb_info(env, info, NULL, NULL, &self, NULL) != napi_ok)
		return NULL;
	struct cap *cap = calloc(1, sizeof *cap);
	if (!cap || napi_wrap(env, self, cap, finalize_cap, NULL, NULL) != napi_ok) {
		free(cap);
		return throw_coded(env, "out_of_memory", "out of memory");
	}
	return self;
}

/* What is left of the reader's memory, and the number of records before that. */
struct batch {
	uint8_t *at;
	uint8_t *end;
	uint64_t count;
	bool overrun;
};

static void append_frame(u_char *user, const struct pcap_pkthdr *header, const u_char *frame)
{
	struct batch *batch = (struct batch *)user;
	size_t record_bytes = RECORD_BYTES(header->caplen);
	if (record_bytes > (size_t)(batch->end - batch->at)) {
		/* read_batch asks for no more frames than surely fit. */
		batch->overrun = true;
		return;
	}
	/* tv_usec holds nanoseconds: both kinds of capture are opened so. */
	uint32_t record[4] = {(uint32_t)header->ts.tv_sec, (uint32_t)header->ts.tv_usec, header->caplen, header->len};
	memcpy(batch->at, record, RECORD_HEADER_BYTES);
	memcpy(batch->at + RECORD_HEADER_BYTES, frame, header->caplen);
	batch->at += record_bytes;
	batch->count++;
}

/*
 * read(buffer): fills a Uint8Array with records and returns the number of bytes used; 0 when there is nothing now (live, or a file
 * that is being written) and at the end of a file, which isAtEnd() distinguishes. The array must have room for one record of the
 * largest size. A failure is thrown after all frames from before it were returned.
 */
static napi_value read_batch(napi_env env, napi_callback_info info)
{
	napi_value argument, number;
	struct cap *cap = open_receiver(env, info, 1, &argument);
	if (!cap)
		return NULL;
	napi_typedarray_type type;
	size_t bytes;
	void *data;
	if (napi_get_typedarray_info(env, argument, &type, &bytes, &data, NULL, NULL) != napi_ok ||
	    type != napi_uint8_array || bytes < cap->record_bytes_max)
		return throw_coded(env, "wrong_argument", "read takes a Uint8Array of at least one largest record");

	struct batch batch = {.at = data, .end = (uint8_t *)data + bytes};
	if (cap->input)
		input_retry(cap);
	int status = cap->fault_pending ? PCAP_ERROR : 0;
	while (!cap->fault_pending) {
		int frames_max = (int)((size_t)(batch.end - batch.at) / cap->record_bytes_max);
		if (frames_max == 0)
			break;
		status = pcap_dispatch(cap->handle, frames_max, append_frame, (u_char *)&batch);
		if (status < 0)
			cap->fault_pending = true;
		/* Fewer than requested: libpcap returns all frames up to the end of a file, and live up to the end of a block. */
		if (status == 0)
			break;
	}
	if (batch.overrun)
		return throw_coded(env, "read_failed", "libpcap returned a frame longer than its snapshot length");
	size_t used = (size_t)(batch.at - (uint8_t *)data);
	if (!cap->is_live)
		cap->received += batch.count;
	if (used == 0) {
		if (cap->is_live && !interface_is_up(env, cap))
			return NULL;
		if (cap->fault_pending && input_fault(env, cap))
			return NULL;
		if (cap->fault_pending)
			return throw_coded(env, "read_failed", pcap_geterr(cap->handle));
	}
	return napi_create_uint32(env, (uint32_t)used, &number) == napi_ok ? number : NULL;
}

/* statistics(counts): writes frames received, dropped by the kernel and dropped by the interface into a Float64Array of 3. */
static napi_value write_statistics(napi_env env, napi_callback_info info)
{
	napi_value argument;
	struct cap *cap = open_receiver(env, info, 1, &argument);
	if (!cap)
		return NULL;
	napi_typedarray_type type;
	size_t length;
	double *counts;
	if (napi_get_typedarray_info(env, argument, &type, &length, (void **)&counts, NULL, NULL) != napi_ok ||
	    type != napi_float64_array || length < 3)
		return throw_coded(env, "wrong_argument", "statistics takes a Float64Array of 3");
	struct pcap_stat now;
	if (cap->is_live && pcap_stats(cap->handle, &now) == 0) {
		cap->received += (uint32_t)(now.ps_recv - cap->last.ps_recv);
		cap->dropped += (uint32_t)(now.ps_drop - cap->last.ps_drop);
		cap->interface_dropped += (uint32_t)(now.ps_ifdrop - cap->last.ps_ifdrop);
		cap->last = now;
	}
	counts[0] = (double)cap->received;
	counts[1] = (double)cap->dropped;
	counts[2] = (double)cap->interface_dropped;
	return NULL;
}

/* close(): idempotent. */
static napi_value close_cap(napi_env env, napi_callback_info info)
{
	struct cap *cap = receiver(env, info, 0, NULL);
	if (cap)
		close_capture(cap);
	return NULL;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	const napi_property_descriptor methods[] = {
		{"open", NULL, open_live, NULL, NULL, NULL, napi_default, NULL},
		{"openOffline", NULL, open_offline, NULL, NULL, NULL, napi_default, NULL},
		{"openGrowing", NULL, open_growing, NULL, NULL, NULL, napi_default, NULL},
		{"isAtEnd", NULL, is_at_end, NULL, NULL, NULL, napi_default, NULL},
		{"offset", NULL, file_offset, NULL, NULL, NULL, napi_default, NULL},
		{"linkTypeName", NULL, link_type_name, NULL, NULL, NULL, napi_default, NULL},
		{"setFilter", NULL, set_filter, NULL, NULL, NULL, napi_default, NULL},
		{"read", NULL, read_batch, NULL, NULL, NULL, napi_default, NULL},
		{"statistics", NULL, write_statistics, NULL, NULL, NULL, napi_default, NULL},
		{"close", NULL, close_cap, NULL, NULL, NULL, napi_default, NULL},
	};
	napi_value constructor;
	if (napi_define_class(env, "Cap", NAPI_AUTO_LENGTH, construct_cap, NULL, sizeof methods / sizeof *methods, methods,
	                      &constructor) != napi_ok ||
	    napi_set_named_property(env, exports, "Cap", constructor) != napi_ok || !define_devices(env, exports) ||
	    !define_privileges(env, exports) || !define_notify(env, exports) || !define_memory(env, exports))
		return NULL;
	return exports;
}
