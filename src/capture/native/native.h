/*
 * The parts of the native half of package `cap`; none calls one that stands above it here.
 *
 *   cap.c         class Cap: read, statistics, close; the module's entry point
 *   input.c       class Cap: read a capture while it is written
 *   open.c        class Cap: open an interface or a file
 *   plain.c       class Cap: read the commonest kind of file without a copy
 *   receiver.c    class Cap: which one a method was called on
 *   pcapfile.h    the numbers of capture files' formats
 *   devices.c     deviceList, findDevice
 *   wakeup.c      the thread that waits for frames and calls JavaScript
 *   privileges.c  isSecureExecution, findAccount, limitPrivileges
 *   notify.c      notify, monotonicUs
 *   memory.c      releaseProgramPages
 *   napi_util.c   what all of them do with Node-API
 *   pcap_shim.c   symbols that let Debian's libpcap.a stand inside a shared object
 */
#ifndef NATIVE_H
#define NATIVE_H

#include "napi_util.h"

/* devices.c */
bool define_devices(napi_env env, napi_value exports);

/* privileges.c */
bool define_privileges(napi_env env, napi_value exports);

/* notify.c */
bool define_notify(napi_env env, napi_value exports);

/* memory.c */
bool define_memory(napi_env env, napi_value exports);

/* wakeup.c */
struct wakeup;

/*
 * Starts a thread that calls `callback` once after each wakeup_arm(), when frames have gathered in the buffer of the packet
 * socket `fd`, or at once if it is in error. NULL with a JavaScript exception pending if that fails.
 */
struct wakeup *wakeup_start(napi_env env, int fd, size_t buffer_bytes, napi_value callback);

/*
 * Adds what the thread has read from the socket's counters, and nobody else will see there. `frames` is what the caller read
 * there just now, and the thread will not see.
 */
void wakeup_take_counts(struct wakeup *wakeup, uint32_t frames, uint64_t *received, uint64_t *dropped);

/* Asks for one call. Asking again before it came changes nothing. */
void wakeup_arm(struct wakeup *wakeup);

/* Ends the thread and frees everything; a call that is already queued may still come. `fd` stays open. */
void wakeup_stop(struct wakeup *wakeup);

#endif
