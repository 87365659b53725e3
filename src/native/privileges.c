/*
 * Drops privileges that the process does not need. Linux keeps identity, capabilities and no_new_privs per thread, and the runtime has
 * threads of its own. This file defines isSecureExecution, findAccount and limitPrivileges.
 */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pcap/pcap.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* capabilities(7) */
#define CAPABILITY_VERSION_3 0x20080522
#define BIT(number) (UINT64_C(1) << (number))

struct capability_header {
	uint32_t version;
	int pid;
};

struct capability_data {
	uint32_t effective, permitted, inheritable;
};

/* seccomp(2); pcap's struct bpf_insn is the kernel's struct sock_filter. */
#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_FILTER_FLAG_TSYNC 1
#define SECCOMP_RET_ERRNO 0x00050000
#define SECCOMP_RET_ALLOW 0x7fff0000
#define DATA_NUMBER 0 /* offsets in struct seccomp_data */
#define DATA_ARCHITECTURE 4
#define DATA_ARGUMENT(index) (16 + 8 * (index)) /* the low half, as this is little-endian */

#if defined(__x86_64__)
#define ARCHITECTURE 0xc000003e
#elif defined(__aarch64__)
#define ARCHITECTURE 0xc00000b7
#else
#error "no seccomp architecture number for this processor"
#endif

struct filter_program {
	unsigned short length;
	const struct bpf_insn *instructions;
};

/* What an exporter never does: run programs, inspect processes, change the system or files. */
static const int denied[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kexec_load, SYS_init_module,
	SYS_finit_module, SYS_delete_module, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_swapon, SYS_swapoff,
	SYS_reboot, SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_open_by_handle_at, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_sethostname,
	SYS_setdomainname, SYS_personality, SYS_truncate, SYS_mkdirat, SYS_mknodat, SYS_unlinkat, SYS_linkat, SYS_symlinkat,
	SYS_renameat2, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr, SYS_lsetxattr,
	SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
#ifdef SYS_userfaultfd
	SYS_userfaultfd,
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, /* would open files without passing this filter */
#endif
#ifdef SYS_move_mount
	SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef __x86_64__
	SYS_creat, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_unlink, SYS_link, SYS_symlink, SYS_rename, SYS_chmod, SYS_chown,
	SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_uselib, SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

/* Each of these opens a file for writing or creates one. O_TMPFILE requires O_WRONLY or O_RDWR. */
#define WRITING_FLAGS (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#define DENY(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)

/* Installs the filter in every thread, and with it this thread's no_new_privs. Returns false if the kernel has no such filters. */
static bool filter_system_calls(void)
{
	struct bpf_insn program[16 + 2 * sizeof denied / sizeof *denied];
	size_t length = 0;
#define ADD(...) program[length++] = (struct bpf_insn)__VA_ARGS__
	ADD(LOAD(DATA_ARCHITECTURE));
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	ADD(DENY(EPERM));
	ADD(LOAD(DATA_NUMBER));
#ifdef __x86_64__
	/* x32 has the same calls under other numbers. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
	ADD(DENY(EPERM));
#endif
	for (size_t index = 0; index < sizeof denied / sizeof *denied; index++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (bpf_u_int32)denied[index], 0, 1));
		ADD(DENY(EPERM));
	}
#ifdef SYS_openat2
	/* Its flags are in memory, which a filter cannot read; callers fall back to openat. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1));
	ADD(DENY(ENOSYS));
#endif
#ifdef SYS_open
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 0, 2));
	ADD(LOAD(DATA_ARGUMENT(1)));
	ADD(BPF_STMT(BPF_JMP | BPF_JA, 2));
#endif
	ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3));
	ADD(LOAD(DATA_ARGUMENT(2)));
	ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, WRITING_FLAGS, 0, 1));
	ADD(DENY(EPERM));
	ADD(ALLOW);
#undef ADD
	const struct filter_program filter = {(unsigned short)length, program};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

/*
 * Limits this thread to these capabilities, and the bounding set as well; threads that it starts inherit both. A thread that may not
 * lower the bounding set has no capabilities that it would limit.
 */
static void limit_this_thread(uint64_t kept)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifdef PR_CAP_AMBIENT
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
#endif
	struct capability_header header = {CAPABILITY_VERSION_3, 0};
	struct capability_data data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (int half = 0; half < 2; half++) {
		uint32_t capabilities = data[half].permitted & (uint32_t)(kept >> (32 * half));
		data[half] = (struct capability_data){.effective = capabilities, .permitted = capabilities, .inheritable = 0};
	}
	syscall(SYS_capset, &header, data);
}

/* isSecureExecution(): whether the executable has set-uid, set-gid or file capabilities, so that any user may have started it. */
static napi_value is_secure_execution(napi_env env, napi_callback_info info)
{
	(void)info;
	napi_value value;
	return napi_get_boolean(env, getauxval(AT_SECURE) != 0, &value) == napi_ok ? value : NULL;
}

/* findAccount(name): [uid, gid] of an account, by its name or its number in decimal; undefined if there is none. */
static napi_value find_account(napi_env env, napi_callback_info info)
{
	napi_value argument, pair, number;
	size_t count = 1;
	/* Longer than the name of any account: only this much of a longer text would be looked up. */
	char name[258], buffer[16384];
	size_t length;
	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
	    napi_get_value_string_utf8(env, argument, name, sizeof name, &length) != napi_ok)
		return throw_coded(env, "wrong_argument", "findAccount takes a name");
	struct passwd account, *found = NULL;
	if (length == 0 || length > 255 || strlen(name) != length)
		return NULL;
	/* strtoul(3) would also accept leading blanks or a sign. */
	bool is_number = strspn(name, "0123456789") == length;
	unsigned long id = is_number ? strtoul(name, NULL, 10) : 0;
	if (is_number && id >= UINT32_MAX) /* the highest number means "unchanged" */
		return NULL;
	if (is_number)
		getpwuid_r((uid_t)id, &account, buffer, sizeof buffer, &found);
	else
		getpwnam_r(name, &account, buffer, sizeof buffer, &found);
	if (!found && !is_number)
		return NULL;
	/* A number needs no account: containers often have no accounts. */
	uint32_t ids[2] = {found ? account.pw_uid : (uint32_t)id, found ? account.pw_gid : (uint32_t)id};
	if (napi_create_array_with_length(env, 2, &pair) != napi_ok)
		return NULL;
	for (uint32_t index = 0; index < 2; index++)
		if (napi_create_uint32(env, ids[index], &number) != napi_ok ||
		    napi_set_element(env, pair, index, number) != napi_ok)
			return NULL;
	return pair;
}

/*
 * limitPrivileges(keep, uid, gid): unless uid is -1, every thread becomes the user and group without supplementary groups, and so
 * loses its capabilities; this thread keeps those in `keep`, if it has them. If the user stays the same, threads that exist already
 * keep their capabilities, as Linux has no call for those of another thread. Every thread gets no_new_privs and the filter of system
 * calls; core files are turned off. Returns whether the filter is in place. Throws identity_refused if the identity cannot be changed.
 */
static napi_value limit_privileges(napi_env env, napi_callback_info info)
{
	napi_value arguments[3], value;
	size_t count = 3;
	uint32_t kept_count;
	int64_t uid, gid;
	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 3 ||
	    napi_get_array_length(env, arguments[0], &kept_count) != napi_ok ||
	    napi_get_value_int64(env, arguments[1], &uid) != napi_ok ||
	    napi_get_value_int64(env, arguments[2], &gid) != napi_ok)
		return throw_coded(env, "wrong_argument", "limitPrivileges takes capabilities, a user and a group");
	uint64_t kept = 0;
	for (uint32_t index = 0; index < kept_count; index++) {
		uint32_t number;
		if (napi_get_element(env, arguments[0], index, &value) != napi_ok ||
		    napi_get_value_uint32(env, value, &number) != napi_ok || number > 63)
			return throw_coded(env, "wrong_argument", "a capability is a number up to 63");
		kept |= BIT(number);
	}

	for (int number = 0; number < 64; number++) {
		if (!(kept & BIT(number)) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			break; /* after the last one that the kernel knows, or without the right to lower any */
	}
	if (uid >= 0) {
		/*
		 * libc changes every thread's identity (nptl(7)), and a thread that is root no longer loses its capabilities; only this one
		 * keeps them for a moment.
		 */
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		bool changed = setgroups(0, NULL) == 0 && setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) == 0 &&
		               setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) == 0;
		int reason = errno;
		prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
		if (!changed)
			return throw_coded(env, "identity_refused", strerror(reason));
	}
	limit_this_thread(kept);
	bool filtered = filter_system_calls();
	/* A core file would hold addresses and client ids. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});

	return napi_get_boolean(env, filtered, &value) == napi_ok ? value : NULL;
}

bool define_privileges(napi_env env, napi_value exports)
{
	return define_function(env, exports, "isSecureExecution", is_secure_execution) &&
	       define_function(env, exports, "findAccount", find_account) &&
	       define_function(env, exports, "limitPrivileges", limit_privileges);
}
