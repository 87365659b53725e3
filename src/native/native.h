/*
 * The parts of the native half of package `cap`; none calls one that is listed above it.
 *
 *   cap.c         class Cap: read, statistics, close; the module's entry point
 *   open.c        class Cap: open an interface or a file
 *   input.c       class Cap: read a capture while it is written
 *   interfaces.c  interfaces of a pcapng, described to libpcap as one
 *   receiver.c    class Cap: which one a method was called on, and its link type
 *   devices.c     deviceList, findDevice
 *   privileges.c  isSecureExecution, findAccount, limitPrivileges
 *   notify.c      notify, monotonicUs
 *   memory.c      releaseProgramPages
 *   napi_util.c   what all of them need of Node-API
 *   pcap_shim.c   symbols that Debian's libpcap.a needs inside a shared object
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

#endif
