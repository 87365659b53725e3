/*
 * The native half of package `cap`, on Node-API: class Cap over one libpcap handle. Every libpcap call is made on the
 * JavaScript thread. Frames leave in batches, in the record format of src/capture/source.ts. Nothing here can send.
 */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Largest frame that libpcap delivers for our link types (its MAXIMUM_SNAPLEN): longer ones are errors of a file. */
#define FRAME_BYTES_MAX 262144
#define RECORD_HEADER_BYTES 16
#define RECORD_BYTES(frame_bytes) (RECORD_HEADER_BYTES + (((size_t)(frame_bytes) + 3) & ~(size_t)3))

/* Large reads: at 128 bytes a frame one system call fetches 8,000. */
#define FILE_BUFFER_BYTES (1 << 20)

struct cap {
	pcap_t *handle; /* NULL unless open */
	struct wakeup *wakeup;
	bool is_live;
	size_t record_bytes_max;
	char *file_buffer;
	unsigned interface_index; /* 0: a file, or `any` */
	/* A fault behind frames that are delivered first; thrown by the next read. */
	bool fault_pending;
	uint64_t received, dropped, interface_dropped;
	struct pcap_stat last; /* libpcap counts in 32 bits: what it said last, to add differences */
};

struct batch {
	uint8_t *at;
	uint8_t *end;
	uint64_t count;
	bool overrun;
};

napi_value throw_coded(napi_env env, const char *code, const char *message)
{
	napi_throw_error(env, code, message);
	return NULL;
}

bool define_function(napi_env env, napi_value target, const char *name, napi_callback function)
{
	napi_value value;
	return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok &&
	       napi_set_named_property(env, target, name, value) == napi_ok;
}

static void close_capture(struct cap *cap)
{
	if (cap->wakeup) {
		wakeup_stop(cap->wakeup);
		cap->wakeup = NULL;
	}
	if (cap->handle) {
		pcap_close(cap->handle); /* closes the file too */
		cap->handle = NULL;
	}
	free(cap->file_buffer); /* after the file that used it */
	cap->file_buffer = NULL;
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

/* Gives the receiver's Cap and up to `count` arguments; NULL with an exception pending if the receiver is none. */
static struct cap *receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[])
{
	napi_value self;
	struct cap *cap = NULL;
	if (napi_get_cb_info(env, info, &count, arguments, &self, NULL) != napi_ok ||
	    napi_unwrap(env, self, (void **)&cap) != napi_ok)
		throw_coded(env, "wrong_argument", "not a Cap");
	return cap;
}

static struct cap *open_receiver(napi_env env, napi_callback_info info, size_t count, napi_value arguments[])
{
	struct cap *cap = receiver(env, info, count, arguments);
	if (cap && !cap->handle) {
		throw_coded(env, "not_open", "the capture is not open");
		return NULL;
	}
	return cap;
}

/* A string argument as a fresh C string, or NULL with an exception pending. A string with a NUL in it is refused. */
static char *string_argument(napi_env env, napi_value value)
{
	size_t bytes = 0;
	if (napi_get_value_string_utf8(env, value, NULL, 0, &bytes) != napi_ok) {
		throw_coded(env, "wrong_argument", "expected a string");
		return NULL;
	}
	char *text = malloc(bytes + 1);
	if (!text || napi_get_value_string_utf8(env, value, text, bytes + 1, &bytes) != napi_ok || strlen(text) != bytes) {
		free(text);
		throw_coded(env, "wrong_argument", "expected a string without NUL");
		return NULL;
	}
	return text;
}

static bool int_property(napi_env env, napi_value object, const char *name, int32_t *number)
{
	napi_value value;
	return napi_get_named_property(env, object, name, &value) == napi_ok &&
	       napi_get_value_int32(env, value, number) == napi_ok;
}

static bool bool_property(napi_env env, napi_value object, const char *name, bool *flag)
{
	napi_value value;
	return napi_get_named_property(env, object, name, &value) == napi_ok &&
	       napi_get_value_bool(env, value, flag) == napi_ok;
}

static const char *activation_code(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return "no_such_interface";
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return "permission_denied";
	case PCAP_ERROR_IFACE_NOT_UP:
		return "interface_down";
	default:
		return "capture_failed";
	}
}

static napi_value link_type_of(napi_env env, const struct cap *cap)
{
	napi_value number;
	/* In a file the number is the file's LINKTYPE_; libpcap gives its DLT_, which differs for RAW (12 here, 101 there). */
	int link_type = pcap_datalink(cap->handle);
	if (link_type == DLT_RAW)
		link_type = 101;
	return napi_create_int32(env, link_type, &number) == napi_ok ? number : NULL;
}

/*
 * open(device, { bufferBytes, snapshotBytes, timeoutMs, promiscuous }): opens an interface or `any`, non-blocking, with
 * nanosecond time stamps, and gives its LINKTYPE_ number.
 */
static napi_value open_live(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct cap *cap = receiver(env, info, 2, arguments);
	if (!cap)
		return NULL;
	if (cap->handle)
		return throw_coded(env, "already_open", "the capture is open already");
	int32_t buffer_bytes, snapshot_bytes, timeout_ms;
	bool promiscuous;
	if (!int_property(env, arguments[1], "bufferBytes", &buffer_bytes) ||
	    !int_property(env, arguments[1], "snapshotBytes", &snapshot_bytes) ||
	    !int_property(env, arguments[1], "timeoutMs", &timeout_ms) ||
	    !bool_property(env, arguments[1], "promiscuous", &promiscuous) || buffer_bytes < 1 || timeout_ms < 1 ||
	    snapshot_bytes < 1 || snapshot_bytes > FRAME_BYTES_MAX)
		return throw_coded(env, "wrong_argument", "open takes a device and its options");
	char *device = string_argument(env, arguments[0]);
	if (!device)
		return NULL;

	char error[PCAP_ERRBUF_SIZE + 512] = "";
	pcap_t *handle = pcap_create(device, error);
	if (!handle) {
		free(device);
		return throw_coded(env, "capture_failed", error);
	}
	pcap_set_snaplen(handle, snapshot_bytes);
	pcap_set_promisc(handle, promiscuous);
	pcap_set_timeout(handle, timeout_ms);
	pcap_set_buffer_size(handle, buffer_bytes);
	pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
	int status = pcap_activate(handle);
	if (status >= 0 && pcap_setnonblock(handle, 1, error) < 0)
		status = PCAP_ERROR;
	if (status < 0) {
		/* Codes without detail have a fixed text only; others leave theirs in the handle. */
		const char *detail = pcap_geterr(handle);
		snprintf(error, sizeof error, "%s%s%s", pcap_statustostr(status), *detail ? ": " : "", detail);
		pcap_close(handle);
		free(device);
		return throw_coded(env, activation_code(status), error);
	}
	/* `any` starts with SLL for old readers' sake; SLL2 has the interface's number and an unambiguous protocol field. */
	if (pcap_datalink(handle) == DLT_LINUX_SLL)
		pcap_set_datalink(handle, DLT_LINUX_SLL2);
	cap->interface_index = strcmp(device, "any") == 0 ? 0 : if_nametoindex(device);
	free(device);
	cap->handle = handle;
	cap->is_live = true;
	/* A reinserted VLAN tag may lengthen a frame past the snapshot. */
	cap->record_bytes_max = RECORD_BYTES(snapshot_bytes + 64);
	cap->fault_pending = false;
	cap->received = cap->dropped = cap->interface_dropped = 0;
	memset(&cap->last, 0, sizeof cap->last);
	return link_type_of(env, cap);
}

/* openOffline(path): opens a pcap or pcapng file, or standard input for `-`, and gives its LINKTYPE_ number. */
static napi_value open_offline(napi_env env, napi_callback_info info)
{
	napi_value argument;
	struct cap *cap = receiver(env, info, 1, &argument);
	if (!cap)
		return NULL;
	if (cap->handle)
		return throw_coded(env, "already_open", "the capture is open already");
	char *path = string_argument(env, argument);
	if (!path)
		return NULL;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		const char *reason = strerror(errno);
		if (fd >= 0)
			close(fd);
		return throw_coded(env, "file_unreadable", reason);
	}
	/* A read must wait for a slow pipe; the runtime may have made standard input non-blocking. */
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && (flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	char *file_buffer = malloc(FILE_BUFFER_BYTES);
	if (file_buffer)
		setvbuf(file, file_buffer, _IOFBF, FILE_BUFFER_BYTES);
	/* This thread alone reads the file: no lock around the two reads of each frame. */
	__fsetlocking(file, FSETLOCKING_BYCALLER);
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *handle = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!handle) {
		fclose(file);
		free(file_buffer);
		return throw_coded(env, "not_a_capture", error);
	}
	cap->handle = handle;
	cap->file_buffer = file_buffer;
	cap->is_live = false;
	cap->interface_index = 0;
	cap->record_bytes_max = RECORD_BYTES(FRAME_BYTES_MAX);
	cap->fault_pending = false;
	cap->received = cap->dropped = cap->interface_dropped = 0;
	return link_type_of(env, cap);
}

/* linkTypeName(): libpcap's name of the capture's link type; undefined if it has none. */
static napi_value link_type_name(napi_env env, napi_callback_info info)
{
	struct cap *cap = open_receiver(env, info, 0, NULL);
	const char *name = cap ? pcap_datalink_val_to_name(pcap_datalink(cap->handle)) : NULL;
	napi_value value;
	return name && napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &value) == napi_ok ? value : NULL;
}

/* setFilter(text): lets only matching frames through, in the kernel (pcap-filter(7)). */
static napi_value set_filter(napi_env env, napi_callback_info info)
{
	napi_value argument;
	struct cap *cap = open_receiver(env, info, 1, &argument);
	char *text = cap ? string_argument(env, argument) : NULL;
	if (!text)
		return NULL;
	struct bpf_program program;
	int status = pcap_compile(cap->handle, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	free(text);
	if (status == 0) {
		status = pcap_setfilter(cap->handle, &program);
		pcap_freecode(&program);
	}
	return status < 0 ? throw_coded(env, "filter_refused", pcap_geterr(cap->handle)) : NULL;
}

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
 * Whether the captured interface still exists and is up; throws if not. An interface that was taken down, or deleted and made
 * anew under its name, gives no frames any more and, once libpcap has fetched the socket's error, no error either.
 */
static bool interface_is_up(napi_env env, const struct cap *cap)
{
	if (cap->interface_index == 0)
		return true;
	struct ifreq request = {.ifr_ifindex = (int)cap->interface_index};
	int fd = pcap_fileno(cap->handle);
	if (ioctl(fd, SIOCGIFNAME, &request) < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		throw_coded(env, "interface_gone", "the interface disappeared");
		return false;
	}
	if (!(request.ifr_flags & IFF_UP)) {
		throw_coded(env, "interface_down", "the interface went down");
		return false;
	}
	return true;
}

/*
 * read(buffer): fills a Uint8Array with records and gives the number of bytes used; 0 for nothing now (live) or the end (file).
 * The array must start at a multiple of 4 and hold at least one record of the largest size. A fault is thrown when the frames
 * in front of it have been given.
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
	    type != napi_uint8_array || ((uintptr_t)data & 3) || bytes < cap->record_bytes_max)
		return throw_coded(env, "wrong_argument", "read takes an aligned Uint8Array of at least one largest record");

	struct batch batch = {.at = data, .end = (uint8_t *)data + bytes};
	int status = cap->fault_pending ? PCAP_ERROR : 0;
	while (!cap->fault_pending) {
		int frames_max = (int)((size_t)(batch.end - batch.at) / cap->record_bytes_max);
		if (frames_max == 0)
			break;
		status = pcap_dispatch(cap->handle, frames_max, append_frame, (u_char *)&batch);
		if (status < 0)
			cap->fault_pending = true;
		/* Fewer than asked for: a file gives all until its end, the kernel ends at a block. */
		if (status == 0)
			break;
	}
	if (batch.overrun)
		return throw_coded(env, "read_failed", "libpcap gave a frame longer than its snapshot length");
	size_t used = (size_t)(batch.at - (uint8_t *)data);
	if (!cap->is_live)
		cap->received += batch.count;
	if (used == 0) {
		if (cap->is_live && !interface_is_up(env, cap))
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

/* onReadable(callback): from now on `callback` is called once after each arm(), when frames are there or the capture broke. */
static napi_value on_readable(napi_env env, napi_callback_info info)
{
	napi_value callback;
	struct cap *cap = open_receiver(env, info, 1, &callback);
	if (!cap)
		return NULL;
	if (!cap->is_live || cap->wakeup)
		return throw_coded(env, "wrong_argument", "onReadable is for a live capture, once");
	cap->wakeup = wakeup_start(env, pcap_get_selectable_fd(cap->handle), callback);
	return NULL;
}

static napi_value arm(napi_env env, napi_callback_info info)
{
	struct cap *cap = open_receiver(env, info, 0, NULL);
	if (cap && cap->wakeup)
		wakeup_arm(cap->wakeup);
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
		{"linkTypeName", NULL, link_type_name, NULL, NULL, NULL, napi_default, NULL},
		{"setFilter", NULL, set_filter, NULL, NULL, NULL, napi_default, NULL},
		{"read", NULL, read_batch, NULL, NULL, NULL, napi_default, NULL},
		{"statistics", NULL, write_statistics, NULL, NULL, NULL, napi_default, NULL},
		{"onReadable", NULL, on_readable, NULL, NULL, NULL, napi_default, NULL},
		{"arm", NULL, arm, NULL, NULL, NULL, napi_default, NULL},
		{"close", NULL, close_cap, NULL, NULL, NULL, napi_default, NULL},
	};
	napi_value constructor;
	if (napi_define_class(env, "Cap", NAPI_AUTO_LENGTH, construct_cap, NULL, sizeof methods / sizeof *methods, methods,
	                      &constructor) != napi_ok ||
	    napi_set_named_property(env, exports, "Cap", constructor) != napi_ok || !define_devices(env, exports))
		return NULL;
	return exports;
}
