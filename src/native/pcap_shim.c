/*
 * Debian's libpcap.a is compiled for executables: a shared object cannot take its direct references to variables and
 * versioned functions of libc. build.ts renames those to pcap_shim_* (objcopy --redefine-sym) and drops the objects that
 * capture from D-Bus, USB, Bluetooth, netfilter and RDMA; here is what they are renamed to, and modules that find nothing.
 */
#define _GNU_SOURCE
#include <pcap/pcap.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <fcntl.h>

FILE *pcap_shim_stdin;
FILE *pcap_shim_stdout;
FILE *pcap_shim_stderr;

__attribute__((constructor)) static void copy_streams(void)
{
	pcap_shim_stdin = stdin;
	pcap_shim_stdout = stdout;
	pcap_shim_stderr = stderr;
}

/* stat() is a symbol of its own from glibc 2.33 on only; the system call is everywhere and fills the same struct. */
int pcap_shim_stat(const char *path, struct stat *status)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

struct pcap_if_list;

#define FINDS_NOTHING(module)                                                                        \
	int module##_findalldevs(struct pcap_if_list *list, char *error);                            \
	int module##_findalldevs(struct pcap_if_list *list, char *error)                             \
	{                                                                                            \
		(void)list;                                                                          \
		(void)error;                                                                         \
		return 0;                                                                            \
	}                                                                                            \
	pcap_t *module##_create(const char *device, char *error, int *is_ours);                      \
	pcap_t *module##_create(const char *device, char *error, int *is_ours)                       \
	{                                                                                            \
		(void)device;                                                                        \
		(void)error;                                                                         \
		*is_ours = 0;                                                                        \
		return NULL;                                                                         \
	}

FINDS_NOTHING(dbus)
FINDS_NOTHING(usb)
FINDS_NOTHING(bt)
FINDS_NOTHING(bt_monitor)
FINDS_NOTHING(netfilter)
FINDS_NOTHING(rdmasniff)
