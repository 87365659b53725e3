/*
 * Reports the state of the service to the service manager: one datagram to an AF_UNIX socket (sd_notify(3)), which the runtime
 * cannot send itself.
 */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* notify(address, text): sends `text` to a socket's path, or to an abstract socket, whose name follows "@". Never blocks. */
static napi_value notify(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	size_t count = 2, name_bytes, text_bytes;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	/* One more than fits, to detect a path that is too long. */
	char name[sizeof address.sun_path + 2], text[4096];
	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 2 ||
	    napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &name_bytes) != napi_ok ||
	    napi_get_value_string_utf8(env, arguments[1], text, sizeof text, &text_bytes) != napi_ok)
		return throw_coded(env, "wrong_argument", "notify takes an address and a text");
	if ((*name != '/' && *name != '@') || name_bytes < 2 || name_bytes > sizeof address.sun_path - (*name == '/'))
		return throw_coded(env, "notify_failed", "the address is neither a path nor @NAME, or too long");
	memcpy(address.sun_path, name, name_bytes);
	if (*name == '@')
		address.sun_path[0] = 0;
	/* An abstract name has an explicit length; a path ends at its NUL. */
	socklen_t address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_bytes + (*name == '/'));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return throw_coded(env, "notify_failed", strerror(errno));
	ssize_t sent = sendto(fd, text, text_bytes, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, address_bytes);
	int reason = errno;
	close(fd);
	return sent < 0 ? throw_coded(env, "notify_failed", strerror(reason)) : NULL;
}

/* monotonicUs(): CLOCK_MONOTONIC in microseconds, the service manager's own clock. */
static napi_value monotonic_us(napi_env env, napi_callback_info info)
{
	(void)info;
	struct timespec now;
	napi_value value;
	clock_gettime(CLOCK_MONOTONIC, &now);
	double us = (double)now.tv_sec * 1e6 + (double)(now.tv_nsec / 1000);
	return napi_create_double(env, us, &value) == napi_ok ? value : NULL;
}

bool define_notify(napi_env env, napi_value exports)
{
	return define_function(env, exports, "notify", notify) &&
	       define_function(env, exports, "monotonicUs", monotonic_us);
}
