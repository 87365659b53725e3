/*
 * Reads captures while they are written: a pipe, or a file that grows. libpcap takes the end of a file for the end of the capture and
 * an incomplete record for damage, so it reads a stream that has whole records only, and that is at its end until the next record is
 * complete. A read waits for WAIT_MS at most, so that signals are handled in time. pcapng files are read this way, too, as libpcap
 * needs their interfaces to be alike (interfaces.c).
 *
 * Sources: draft-ietf-opsawg-pcap section 4 and 5, draft-ietf-opsawg-pcapng section 3.1 and 4.1.
 */
#define _GNU_SOURCE
#include "cap.h"
#include "interfaces.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first word of a pcap file determines its byte order and the unit of its time stamps. */
#define PCAP_MAGIC_MICROSECONDS 0xa1b2c3d4
#define PCAP_MAGIC_NANOSECONDS 0xa1b23c4d
#define PCAP_FILE_HEADER_BYTES 24
#define PCAP_RECORD_HEADER_BYTES 16
#define WAIT_MS 50
#define READ_BYTES (1 << 16)
/* libpcap refuses longer blocks; in a pcap file, a longer record means damage, too. */
#define FILE_RECORD_BYTES_MAX (16 << 20)
/* Everything before the first interface of a pcapng: it is kept until libpcap has read it. */
#define HEADER_BYTES_MAX (2 * FILE_RECORD_BYTES_MAX)
/* A pcapng is searched this far for its first packet before it is opened. */
#define AHEAD_BYTES_MAX (1 << 20)
/* A block's type and length and, in a section header, the byte-order magic. */
#define BLOCK_HEADER_BYTES 12

enum format {
	UNKNOWN,
	PCAP,
	PCAPNG,
	/* Passed on unchanged, so that libpcap reports what is wrong with it. */
	UNFRAMED,
};

struct input {
	int fd;
	/* A file that is not being written, so that it is complete. */
	bool is_whole;
	bool grows;
	/* Reading the descriptor reached its end. */
	bool at_end;
	/* libpcap has read the header: bytes that it has read are not needed any more. */
	bool opened;
	/* libpcap saw the end of the stream, as no whole record was there. */
	bool starved;
	enum format format;
	bool swapped;
	int error;
	uint8_t *bytes;
	/* bytes[at..released) are whole records that libpcap has not read; bytes[released..end) is what follows. */
	size_t at, released, end, capacity;
	/* Bytes that libpcap has read. */
	off_t delivered;
	struct interfaces interfaces;
	/* The next record is a packet of an interface of another link type. */
	bool is_other;
};

static uint32_t u32_at(const struct input *input, size_t offset)
{
	uint32_t value;
	memcpy(&value, input->bytes + input->released + offset, sizeof value);
	return input->swapped ? __builtin_bswap32(value) : value;
}

/* Reads what is there. Returns false if there was nothing. */
static bool fill(struct input *input, int wait_ms)
{
	if (input->opened && input->at > 0 && input->at == input->released) {
		memmove(input->bytes, input->bytes + input->at, input->end - input->at);
		input->end -= input->at;
		input->at = input->released = 0;
	}
	if (!input->opened && input->end >= HEADER_BYTES_MAX) {
		input->error = EFBIG;
		return false;
	}
	if (input->capacity - input->end < READ_BYTES) {
		size_t capacity = input->capacity * 2 + READ_BYTES;
		uint8_t *bytes = realloc(input->bytes, capacity);
		if (!bytes) {
			input->error = ENOMEM;
			return false;
		}
		input->bytes = bytes;
		input->capacity = capacity;
	}
	struct pollfd poll_fd = {.fd = input->fd, .events = POLLIN};
	if (!input->is_whole && poll(&poll_fd, 1, wait_ms) <= 0)
		return false;
	ssize_t count = read(input->fd, input->bytes + input->end, READ_BYTES);
	if (count < 0 && errno != EAGAIN && errno != EINTR)
		input->error = errno;
	input->at_end = count == 0;
	if (count <= 0)
		return false;
	input->end += (size_t)count;
	return true;
}

/* Whether this many bytes follow the whole records; reads missing bytes if it may. */
static bool have(struct input *input, size_t bytes, bool may_read)
{
	while (input->end - input->released < bytes)
		if (!may_read || !fill(input, WAIT_MS))
			return false;
	return true;
}

static void recognize(struct input *input)
{
	static const uint32_t magics[] = {PCAP_MAGIC_MICROSECONDS, PCAP_MAGIC_NANOSECONDS};
	uint32_t magic = u32_at(input, 0);
	input->format = magic == PCAPNG_SECTION_HEADER ? PCAPNG : UNFRAMED;
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		if (magic != magics[i] && magic != __builtin_bswap32(magics[i]))
			continue;
		input->format = PCAP;
		input->swapped = magic != magics[i];
	}
}

/* Length of the record that begins at `released`; 0 if its header is incomplete. */
static size_t record_bytes(struct input *input, bool may_read)
{
	if (input->format == UNKNOWN) {
		if (!have(input, 4, may_read))
			return 0;
		recognize(input);
		if (input->format == PCAP)
			return PCAP_FILE_HEADER_BYTES;
	}
	size_t bytes = 0;
	if (input->format == PCAP) {
		if (!have(input, PCAP_RECORD_HEADER_BYTES, may_read))
			return 0;
		bytes = PCAP_RECORD_HEADER_BYTES + (size_t)u32_at(input, 8);
	} else if (input->format == PCAPNG) {
		if (!have(input, BLOCK_HEADER_BYTES, may_read))
			return 0;
		if (u32_at(input, 0) == PCAPNG_SECTION_HEADER && u32_at(input, 8) != PCAPNG_BYTE_ORDER_MAGIC)
			input->swapped = !input->swapped;
		bytes = u32_at(input, 4);
	}
	if (input->format == UNFRAMED || bytes < BLOCK_HEADER_BYTES || bytes > FILE_RECORD_BYTES_MAX) {
		input->format = UNFRAMED;
		have(input, 1, may_read);
		bytes = input->end - input->released;
	}
	return bytes;
}

/*
 * The file has the link type of its first packet, as interfaces without packets may be described before it. Without a packet so far, it
 * has the link type of the first interface.
 */
static void look_ahead(struct input *input)
{
	int32_t link_types[64];
	size_t count = 0, at = u32_at(input, 4);
	while (at < AHEAD_BYTES_MAX && have(input, at + BLOCK_HEADER_BYTES, true)) {
		size_t bytes = u32_at(input, at + 4);
		if (bytes < BLOCK_HEADER_BYTES || bytes > AHEAD_BYTES_MAX || !have(input, at + bytes, true))
			return;
		const uint8_t *block = input->bytes + input->released + at;
		if (u32_at(input, at) == PCAPNG_SECTION_HEADER)
			return;
		int32_t link_type = described_link_type(block, bytes, input->swapped);
		if (link_type >= 0 && count < sizeof link_types / sizeof *link_types)
			link_types[count++] = link_type;
		int64_t interface = packet_interface(block, bytes, input->swapped);
		if (interface >= 0) {
			if ((uint64_t)interface < count)
				interfaces_prefer(&input->interfaces, (uint16_t)link_types[interface]);
			return;
		}
		at += bytes;
	}
}

static bool release_record(struct input *input, bool may_read)
{
	if (input->is_other)
		return false;
	size_t next = record_bytes(input, may_read);
	if (next == 0 || !have(input, next, may_read))
		return false;
	if (input->format == PCAPNG) {
		if (!input->opened && input->released == 0)
			look_ahead(input);
		uint8_t *block = input->bytes + input->released;
		input->is_other = !interfaces_take(&input->interfaces, block, next, input->swapped);
		if (input->is_other)
			return false;
	}
	input->released += next;
	return true;
}

/* fopencookie(3): returns bytes of whole records; 0 while the next one is incomplete. */
static ssize_t read_records(void *cookie, char *target, size_t bytes)
{
	struct input *input = cookie;
	if (input->at == input->released && !release_record(input, true) && input->at_end && !input->grows && !input->is_other)
		input->released = input->end;
	while (input->released - input->at < bytes && release_record(input, false)) {
	}
	if (input->error) {
		errno = input->error;
		return -1;
	}
	size_t available = input->released - input->at;
	if (available == 0 && input->is_other) {
		errno = EPROTO; /* read() reports what it is */
		return -1;
	}
	if (available == 0)
		input->starved = true;
	if (bytes > available)
		bytes = available;
	memcpy(target, input->bytes + input->at, bytes);
	input->at += bytes;
	input->delivered += (off_t)bytes;
	return (ssize_t)bytes;
}

void input_free(struct input *input)
{
	close(input->fd);
	free(input->bytes);
	interfaces_clear(&input->interfaces);
	free(input);
}

struct input *input_of(int fd)
{
	struct input *input = malloc(sizeof *input);
	if (input)
		*input = (struct input){.fd = fd, .is_whole = true};
	return input;
}

static struct input *input_open(const char *path, bool grows)
{
	struct input *input = calloc(1, sizeof *input);
	if (!input)
		return NULL;
	input->grows = grows;
	input->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0) {
		int error = errno;
		free(input);
		errno = error;
		return NULL;
	}
	return input;
}

/*
 * openGrowing(path, grows): opens a capture that is being written, `-` for standard input, and returns its LINKTYPE_ number;
 * undefined while its header is missing: call it again. `grows`: the end of the file is not the end of the capture.
 */
napi_value open_growing(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct cap *cap = closed_receiver(env, info, 2, arguments);
	if (!cap)
		return NULL;
	if (!cap->input) {
		bool grows;
		if (napi_get_value_bool(env, arguments[1], &grows) != napi_ok)
			return throw_coded(env, "wrong_argument", "expected a boolean");
		char *path = path_argument(env, arguments[0]);
		if (!path)
			return NULL;
		cap->input = input_open(path, grows);
		int error = errno;
		free(path);
		if (!cap->input)
			return throw_coded(env, "file_unreadable", strerror(error));
	}
	return input_capture(env, cap);
}

napi_value input_capture(napi_env env, struct cap *cap)
{
	struct input *input = cap->input;
	FILE *file = fopencookie(input, "r", (cookie_io_functions_t){.read = read_records});
	if (!file)
		return throw_coded(env, "file_unreadable", strerror(errno));
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *handle = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!handle) {
		fclose(file);
		if (input->error)
			return throw_coded(env, "file_unreadable", strerror(input->error));
		/* It may accept the header once that is complete; a complete header that it refuses stays refused. */
		if (input->starved && input->format != UNFRAMED && (input->grows || !input->at_end)) {
			input->at = input->released = 0;
			input->starved = false;
			input->format = UNKNOWN;
			input->swapped = false;
			input->delivered = 0;
			interfaces_clear(&input->interfaces);
			return NULL;
		}
		return throw_coded(env, "not_a_capture", error);
	}
	input->opened = true;
	cap->handle = handle;
	cap->record_bytes_max = RECORD_BYTES(FRAME_BYTES_MAX);
	return link_type_of(env, cap);
}

void input_retry(const struct cap *cap)
{
	clearerr(pcap_file(cap->handle));
}

bool input_fault(napi_env env, const struct cap *cap)
{
	if (!cap->input || !cap->input->is_other)
		return false;
	const struct interfaces *interfaces = &cap->input->interfaces;
	char text[128];
	snprintf(text, sizeof text, "interface %u has link type %u, those before it %u", interfaces->other,
	         interfaces->link_types[interfaces->other], interfaces->link_type);
	throw_coded(env, interfaces->sections > 1 ? "sections_differ" : "interfaces_differ", text);
	return true;
}

/* isAtEnd(): of an open file, whether read() returned 0 because the capture has ended, and not because nothing more is there yet. */
napi_value is_at_end(napi_env env, napi_callback_info info)
{
	napi_value value;
	struct cap *cap = open_receiver(env, info, 0, NULL);
	if (!cap)
		return NULL;
	bool at_end = !cap->input || (cap->input->at_end && !cap->input->grows);
	return napi_get_boolean(env, at_end, &value) == napi_ok ? value : NULL;
}

/* offset(): number of bytes of an open file read so far. */
napi_value file_offset(napi_env env, napi_callback_info info)
{
	napi_value value;
	struct cap *cap = open_receiver(env, info, 0, NULL);
	if (!cap)
		return NULL;
	FILE *file = cap->is_live || cap->input ? NULL : pcap_file(cap->handle);
	off_t offset = cap->input && cap->input->is_whole ? (off_t)cap->input->delivered : file ? ftello(file) : 0;
	return napi_create_double(env, (double)offset, &value) == napi_ok ? value : NULL;
}
