/*
 * What Debian's libstdc++.a, compiled for glibc, refers to and musl lacks; with these it becomes a libstdc++.so.6 that stands
 * in for Alpine's when the musl executables are tested (musl.ts). Enough for Bun, which throws no C++ exception.
 */
#include <sys/auxv.h>
#include <unistd.h>

__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;

char __libc_single_threaded = 0;

int _dl_find_object(void *address, void *result)
{
	(void)address;
	(void)result;
	return -1;
}

unsigned arc4random(void)
{
	unsigned word = 0;
	return getentropy(&word, sizeof word) == 0 ? word : 0;
}

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library)
{
	(void)destroy;
	(void)object;
	(void)library;
	return 0;
}

unsigned long __getauxval(unsigned long type)
{
	return getauxval(type);
}
