/*
 * Gives up what the process does not need, in every thread: Linux keeps capabilities and no_new_privs a thread, and the
 * runtime has threads of its own. Node-API's functions here: isSecureExecution, findAccount, limitPrivileges.
 */
#define _GNU_SOURCE
#include "native.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pcap/pcap.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* capabilities(7) */
#define CAPABILITY_SETGID 6
#define CAPABILITY_SETUID 7
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
#define DATA_ARGUMENT(index) (16 + 8 * (index)) /* its low half: little-endian */

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

/* What an exporter never does: run programs, look into processes, change the system or files. */
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
	SYS_io_uring_setup, /* would open files past this filter */
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

/* Any of these opens a file to change it, or makes one. O_TMPFILE has O_WRONLY or O_RDWR with it. */
#define WRITING_FLAGS (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

#define DENY(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)

/* Puts the filter on every thread, and no_new_privs with it. False where the kernel has no such filters. */
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
	/* The x32 calls are the same ones under other numbers. */
	ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
	ADD(DENY(EPERM));
#endif
	for (size_t index = 0; index < sizeof denied / sizeof *denied; index++) {
		ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (bpf_u_int32)denied[index], 0, 1));
		ADD(DENY(EPERM));
	}
#ifdef SYS_openat2
	/* Its flags stand in memory, where a filter cannot look; without it openat is taken. */
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

enum { THREADS_MAX = 1024 };

/* What each thread does to itself; set before the threads are told. */
static uint64_t kept_capabilities, kept_bounds;
/* Which threads have done it. */
static _Atomic pid_t answered[THREADS_MAX];
static atomic_int answers;

/* Async-signal-safe: system calls alone. A thread that lacks the right to lower a bound has nothing that the bound would stop. */
static void limit_this_thread(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (int number = 0; number < 64; number++) {
		if (!(kept_bounds & BIT(number)) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			break; /* beyond the last one that the kernel knows, or without the right to lower any */
	}
#ifdef PR_CAP_AMBIENT
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
#endif
	struct capability_header header = {CAPABILITY_VERSION_3, 0};
	struct capability_data data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (int half = 0; half < 2; half++) {
		uint32_t kept = data[half].permitted & (uint32_t)(kept_capabilities >> (32 * half));
		data[half] = (struct capability_data){.effective = kept, .permitted = kept, .inheritable = 0};
	}
	syscall(SYS_capset, &header, data);
}

static void limit_interrupted_thread(int signal)
{
	(void)signal;
	int before = errno;
	limit_this_thread();
	int place = atomic_fetch_add(&answers, 1);
	if (place < THREADS_MAX)
		atomic_store(&answered[place], (pid_t)syscall(SYS_gettid));
	errno = before;
}

/* Whether a thread that was signalled has answered, or has ended. */
static bool is_done(pid_t thread)
{
	for (int place = 0; place < THREADS_MAX && atomic_load(&answered[place]) != 0; place++)
		if (atomic_load(&answered[place]) == thread)
			return true;
	return syscall(SYS_tgkill, getpid(), thread, 0) < 0;
}

/* Waits up to a second for threads that were signalled; gives how many of them did not answer. */
static int wait_for_threads(const pid_t *threads, int count)
{
	for (int tries = 0;; tries++) {
		int missing = 0;
		for (int index = 0; index < count; index++)
			missing += !is_done(threads[index]);
		if (missing == 0 || tries == 10000)
			return missing;
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
}

/*
 * Limits every thread to the capabilities, and what it could ever get to the bounds; gives the number of threads that did
 * not answer. Each is interrupted by SIGSYS, which stands for a fault of the thread itself and is therefore not among the
 * signals that threads block.
 */
static int limit_threads(uint64_t capabilities, uint64_t bounds)
{
	static pid_t told[THREADS_MAX];
	int count = 0, missed = 0;
	kept_capabilities = capabilities;
	kept_bounds = bounds;
	for (int place = 0; place < THREADS_MAX; place++)
		atomic_store(&answered[place], 0);
	atomic_store(&answers, 0);
	limit_this_thread();

	struct sigaction action = {.sa_handler = limit_interrupted_thread, .sa_flags = SA_RESTART}, before;
	sigfillset(&action.sa_mask);
	sigaction(SIGSYS, &action, &before);
	const pid_t self = (pid_t)syscall(SYS_gettid);
	/* A thread may start another one before it was told: until a pass over all finds no new one. */
	for (int known_before = -1; known_before < count && count < THREADS_MAX;) {
		known_before = count;
		DIR *threads = opendir("/proc/self/task");
		if (!threads) {
			missed++;
			break;
		}
		for (struct dirent *entry; (entry = readdir(threads)) && count < THREADS_MAX;) {
			pid_t thread = (pid_t)atoi(entry->d_name);
			bool known = thread <= 0 || thread == self;
			for (int index = 0; index < count && !known; index++)
				known = told[index] == thread;
			if (!known && syscall(SYS_tgkill, getpid(), thread, SIGSYS) == 0)
				told[count++] = thread;
		}
		closedir(threads);
		/* All that were found answer at the same time. */
		missed += wait_for_threads(told + known_before, count - known_before);
	}
	/* A thread that has not answered will take the signal later, and must not be killed by it. */
	if (missed == 0)
		sigaction(SIGSYS, &before, NULL);
	return missed;
}

/* isSecureExecution(): whether the executable has set-uid, set-gid or file capabilities, so that its caller may be anyone. */
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
	/* As long as no account's name is: of a longer text only this much would be looked up. */
	char name[258], buffer[16384];
	size_t length;
	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
	    napi_get_value_string_utf8(env, argument, name, sizeof name, &length) != napi_ok)
		return throw_coded(env, "wrong_argument", "findAccount takes a name");
	struct passwd account, *found = NULL;
	if (length == 0 || length > 255 || strlen(name) != length)
		return NULL;
	/* strtoul(3) would also take a sign or blanks in front. */
	bool is_number = strspn(name, "0123456789") == length;
	unsigned long id = is_number ? strtoul(name, NULL, 10) : 0;
	if (is_number && id >= UINT32_MAX) /* the last one stands for "unchanged" */
		return NULL;
	if (is_number)
		getpwuid_r((uid_t)id, &account, buffer, sizeof buffer, &found);
	else
		getpwnam_r(name, &account, buffer, sizeof buffer, &found);
	if (!found && !is_number)
		return NULL;
	/* A number needs no account: containers often have none. */
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
 * limitPrivileges(keep, uid, gid): every thread keeps only the capabilities numbered in `keep`, of those that it has; becomes
 * the user and group without supplementary groups, unless uid is -1; gets no_new_privs and the filter of system calls; and the
 * process leaves no core file. Gives [threads that did not answer, whether the filter is in place]. When the identity cannot
 * be changed it throws identity_refused and has done nothing but limit the capabilities to `keep`, CAP_SETUID and CAP_SETGID.
 */
static napi_value limit_privileges(napi_env env, napi_callback_info info)
{
	napi_value arguments[3], result, value;
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

	if (uid >= 0) {
		/* In every thread: each changes its own identity, and with it loses its capabilities, this one excepted. */
		limit_threads(kept | BIT(CAPABILITY_SETUID) | BIT(CAPABILITY_SETGID), kept);
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		if (setgroups(0, NULL) < 0 || setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) < 0 ||
		    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0)
			return throw_coded(env, "identity_refused", strerror(errno));
		prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	}
	int missed = limit_threads(kept, kept);
	bool filtered = filter_system_calls();
	/* A core file would hold addresses and client ids. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});

	if (napi_create_array_with_length(env, 2, &result) != napi_ok ||
	    napi_create_int32(env, missed, &value) != napi_ok || napi_set_element(env, result, 0, value) != napi_ok ||
	    napi_get_boolean(env, filtered, &value) != napi_ok || napi_set_element(env, result, 1, value) != napi_ok)
		return NULL;
	return result;
}

bool define_privileges(napi_env env, napi_value exports)
{
	return define_function(env, exports, "isSecureExecution", is_secure_execution) &&
	       define_function(env, exports, "findAccount", find_account) &&
	       define_function(env, exports, "limitPrivileges", limit_privileges);
}
