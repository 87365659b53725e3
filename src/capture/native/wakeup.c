/*
 * Waits for frames on a thread of its own: Bun's uv_poll_* are stubs. The thread makes no libpcap call; it only poll()s the
 * capture's descriptor, and calls one thread-safe function at most once per wakeup_arm().
 */
#include "native.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#if defined(__GLIBC__) && defined(__x86_64__)
/* glibc 2.34 moved these into libc under new versions; the old ones exist everywhere. */
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.17");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.17");
#endif

struct wakeup {
	napi_threadsafe_function function;
	pthread_t thread;
	int capture_fd;
	int control_fd; /* an eventfd: written to when `armed` or `stopping` was set */
	atomic_bool armed;
	atomic_bool stopping;
};

static void *wait_for_frames(void *argument)
{
	struct wakeup *wakeup = argument;
	struct pollfd fds[2] = {{.fd = wakeup->control_fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	while (!atomic_load(&wakeup->stopping)) {
		/* poll() skips a negative descriptor: unarmed, only the control descriptor wakes us. */
		fds[1].fd = atomic_load(&wakeup->armed) ? wakeup->capture_fd : -1;
		fds[1].revents = 0;
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (fds[0].revents) {
			uint64_t value;
			if (read(wakeup->control_fd, &value, sizeof value) < 0 && errno != EAGAIN && errno != EINTR)
				break;
		}
		if (fds[1].revents) {
			atomic_store(&wakeup->armed, false);
			napi_call_threadsafe_function(wakeup->function, NULL, napi_tsfn_nonblocking);
		}
	}
	return NULL;
}

static void signal_control(struct wakeup *wakeup)
{
	uint64_t one = 1;
	/* Fails only with EAGAIN on an eventfd whose count is full: then the thread has been told already. */
	ssize_t written = write(wakeup->control_fd, &one, sizeof one);
	(void)written;
}

struct wakeup *wakeup_start(napi_env env, int fd, napi_value callback)
{
	struct wakeup *wakeup = calloc(1, sizeof *wakeup);
	if (!wakeup) {
		throw_coded(env, "out_of_memory", "out of memory");
		return NULL;
	}
	wakeup->capture_fd = fd;
	wakeup->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wakeup->control_fd < 0) {
		free(wakeup);
		throw_coded(env, "wakeup_failed", "cannot make an eventfd: too many open files?");
		return NULL;
	}
	napi_value name;
	if (napi_create_string_utf8(env, "capture wake-up", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_threadsafe_function(env, callback, NULL, name, 0, 1, NULL, NULL, NULL, NULL,
	                                    &wakeup->function) != napi_ok) {
		close(wakeup->control_fd);
		free(wakeup);
		throw_coded(env, "wakeup_failed", "cannot make a thread-safe function");
		return NULL;
	}
	/*
	 * A new thread inherits the mask: with all signals blocked, they go on being delivered to Bun's own threads. All but
	 * the one with which privileges.c reaches every thread.
	 */
	sigset_t all, before;
	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	sigprocmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&wakeup->thread, NULL, wait_for_frames, wakeup);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		napi_release_threadsafe_function(wakeup->function, napi_tsfn_abort);
		close(wakeup->control_fd);
		free(wakeup);
		throw_coded(env, "wakeup_failed", "cannot start a thread");
		return NULL;
	}
	return wakeup;
}

void wakeup_arm(struct wakeup *wakeup)
{
	if (!atomic_exchange(&wakeup->armed, true))
		signal_control(wakeup);
}

void wakeup_stop(struct wakeup *wakeup)
{
	atomic_store(&wakeup->stopping, true);
	signal_control(wakeup);
	pthread_join(wakeup->thread, NULL);
	napi_release_threadsafe_function(wakeup->function, napi_tsfn_abort);
	close(wakeup->control_fd);
	free(wakeup);
}
