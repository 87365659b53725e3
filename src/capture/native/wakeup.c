/*
 * Waits for frames on a thread of its own: Bun's uv_poll_* are stubs. The thread makes no libpcap call; it only poll()s the
 * capture's descriptor and reads its counters, and calls one thread-safe function at most once per wakeup_arm().
 *
 * It lets frames gather before it calls: JavaScript that slept finds the processor's caches cold, so that a few large batches
 * cost half of what many small ones do. How many came is looked at in steps so short that not even FLOOD_BYTES_PER_MS fills
 * half of the buffer in one.
 */
#include "native.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__GLIBC__) && defined(__x86_64__)
/* glibc 2.34 moved these into libc under new versions; the old ones exist everywhere. */
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver pthread_create, pthread_create@GLIBC_2.17");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.17");
#endif

/* More than a line of 1 Gbit/s brings, and about what can be read at all. */
#define FLOOD_BYTES_PER_MS 200000
#define STEPS_MAX 5
#define STEP_MS_MAX 50
/* So many frames are worth a call: a quarter of the buffer if they are of 2 KiB, which hardly any is; half of it if of 4 KiB. */
#define FRAMES_MAX(buffer_bytes) ((buffer_bytes) / 4 / 2048)

struct wakeup {
	napi_threadsafe_function function;
	pthread_t thread;
	int capture_fd;
	int control_fd; /* an eventfd: written to when `armed` or `stopping` was set */
	atomic_bool armed;
	atomic_bool stopping;
	int step_ms;
	uint64_t frames_max;
	/*
	 * The kernel's counters start again at 0 when they are read: what this thread read, until wakeup_take_counts(), and what
	 * was read there since this thread's last look.
	 */
	pthread_mutex_t counts_lock;
	uint64_t received, dropped, frames_elsewhere;
};

/* Frames that came since the last look. */
static uint64_t count_frames(struct wakeup *wakeup)
{
	struct tpacket_stats_v3 counts = {0};
	socklen_t bytes = sizeof counts;
	pthread_mutex_lock(&wakeup->counts_lock);
	if (getsockopt(wakeup->capture_fd, SOL_PACKET, PACKET_STATISTICS, &counts, &bytes) == 0) {
		wakeup->received += counts.tp_packets;
		wakeup->dropped += counts.tp_drops;
	}
	uint64_t frames = counts.tp_packets + wakeup->frames_elsewhere;
	wakeup->frames_elsewhere = 0;
	pthread_mutex_unlock(&wakeup->counts_lock);
	return frames;
}

/* Returns when there are enough frames, or for long enough some; sooner if the thread is told something. */
static void let_gather(struct wakeup *wakeup)
{
	struct pollfd control = {.fd = wakeup->control_fd, .events = POLLIN};
	uint64_t frames = count_frames(wakeup);
	for (int step = 0; step < STEPS_MAX && frames < wakeup->frames_max; step++) {
		if (poll(&control, 1, wakeup->step_ms) != 0)
			break;
		frames += count_frames(wakeup);
	}
}

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
			if (fds[1].revents == POLLIN)
				let_gather(wakeup);
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

struct wakeup *wakeup_start(napi_env env, int fd, size_t buffer_bytes, napi_value callback)
{
	struct wakeup *wakeup = calloc(1, sizeof *wakeup);
	if (!wakeup) {
		throw_coded(env, "out_of_memory", "out of memory");
		return NULL;
	}
	wakeup->capture_fd = fd;
	size_t step_ms = buffer_bytes / 2 / FLOOD_BYTES_PER_MS;
	wakeup->step_ms = step_ms < STEP_MS_MAX ? (int)step_ms : STEP_MS_MAX;
	wakeup->frames_max = FRAMES_MAX(buffer_bytes);
	pthread_mutex_init(&wakeup->counts_lock, NULL);
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
	/* A new thread inherits the mask: with all signals blocked, they go on being delivered to Bun's own threads. */
	sigset_t all, before;
	sigfillset(&all);
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

void wakeup_take_counts(struct wakeup *wakeup, uint32_t frames, uint64_t *received, uint64_t *dropped)
{
	pthread_mutex_lock(&wakeup->counts_lock);
	wakeup->frames_elsewhere += frames;
	*received += wakeup->received;
	*dropped += wakeup->dropped;
	wakeup->received = wakeup->dropped = 0;
	pthread_mutex_unlock(&wakeup->counts_lock);
}

void wakeup_stop(struct wakeup *wakeup)
{
	atomic_store(&wakeup->stopping, true);
	signal_control(wakeup);
	pthread_join(wakeup->thread, NULL);
	napi_release_threadsafe_function(wakeup->function, napi_tsfn_abort);
	close(wakeup->control_fd);
	pthread_mutex_destroy(&wakeup->counts_lock);
	free(wakeup);
}
