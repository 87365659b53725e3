/*
 * Opens a Cap: on an interface with a filter in the kernel, or on a capture file.
 */
#define _GNU_SOURCE
#include "cap.h"
#include "interfaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One system call reads about a thousand frames, and they stay in the processor's caches until they are decoded. */
#define FILE_BUFFER_BYTES (1 << 17)

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

/*
 * Gets the interface that a packet socket is bound to, 0 for all (packet(7)). It is not looked up by its name, which another interface
 * may have by now. Returns false if the interface is gone.
 */
static bool bound_index(int fd, unsigned *index)
{
	struct sockaddr_ll address = {0};
	socklen_t bytes = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0 || address.sll_ifindex < 0)
		return false;
	*index = (unsigned)address.sll_ifindex;
	return true;
}

/*
 * open(device, { bufferBytes, snapshotBytes, timeoutMs, promiscuous }): opens an interface or `any`, non-blocking, with
 * nanosecond time stamps, and returns its LINKTYPE_ number.
 */
napi_value open_live(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct cap *cap = closed_receiver(env, info, 2, arguments);
	if (!cap)
		return NULL;
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

	/* Room for the text of the status, at most a line, and then that in the handle, at most PCAP_ERRBUF_SIZE. */
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
		/* Some codes have a fixed text only; others leave a text in the handle. */
		const char *detail = pcap_geterr(handle);
		snprintf(error, sizeof error, "%s%s%s", pcap_statustostr(status), *detail ? ": " : "", detail);
		pcap_close(handle);
		free(device);
		return throw_coded(env, activation_code(status), error);
	}
	/* By default `any` has SLL, for old readers; SLL2 has the interface's number and an unambiguous protocol field. */
	if (pcap_datalink(handle) == DLT_LINUX_SLL)
		pcap_set_datalink(handle, DLT_LINUX_SLL2);
	free(device);
	if (!bound_index(pcap_fileno(handle), &cap->interface_index)) {
		pcap_close(handle);
		return throw_coded(env, "interface_gone", "the interface disappeared");
	}
	cap->handle = handle;
	cap->is_live = true;
	/* A reinserted VLAN tag may make a frame longer than the snapshot. */
	cap->record_bytes_max = RECORD_BYTES(snapshot_bytes + 64);
	return link_type_of(env, cap);
}

/* openOffline(path): opens a pcap or pcapng file and returns its LINKTYPE_ number. */
napi_value open_offline(napi_env env, napi_callback_info info)
{
	napi_value argument;
	struct cap *cap = closed_receiver(env, info, 1, &argument);
	if (!cap)
		return NULL;
	char *path = path_argument(env, argument);
	if (!path)
		return NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	uint32_t magic;
	/* A named pipe cannot be read twice. */
	if (fd >= 0 && pread(fd, &magic, sizeof magic, 0) == sizeof magic && magic == PCAPNG_SECTION_HEADER) {
		cap->input = input_of(fd);
		if (cap->input)
			return input_capture(env, cap);
		close(fd);
		return throw_coded(env, "file_unreadable", strerror(ENOMEM));
	}
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		const char *reason = strerror(errno);
		if (fd >= 0)
			close(fd);
		return throw_coded(env, "file_unreadable", reason);
	}
	char *file_buffer = malloc(FILE_BUFFER_BYTES);
	if (file_buffer)
		setvbuf(file, file_buffer, _IOFBF, FILE_BUFFER_BYTES);
	/* Only this thread reads the file: the two reads of each frame need no lock. */
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
	return link_type_of(env, cap);
}

/* linkTypeName(): libpcap's name of the capture's link type; undefined if it has none. */
napi_value link_type_name(napi_env env, napi_callback_info info)
{
	struct cap *cap = open_receiver(env, info, 0, NULL);
	const char *name = cap ? pcap_datalink_val_to_name(pcap_datalink(cap->handle)) : NULL;
	napi_value value;
	return name && napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &value) == napi_ok ? value : NULL;
}

/* setFilter(text): lets only matching frames through, in the kernel (pcap-filter(7)). */
napi_value set_filter(napi_env env, napi_callback_info info)
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

bool interface_is_up(napi_env env, const struct cap *cap)
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
