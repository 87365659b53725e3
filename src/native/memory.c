/*
 * Releases memory that only the start needed.
 */
#define _GNU_SOURCE
#include "native.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

/* Releases the pages of the program's own read-only segments; stops after the first object, which is the program. */
static int release_segments(struct dl_phdr_info *program, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (int index = 0; index < program->dlpi_phnum; index++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[index];
		/* Writable segments may have been written to (relocations), which would be lost. */
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		uintptr_t start = (program->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
		uintptr_t end = (program->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
		if (start < end)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 1;
}

/*
 * releaseProgramPages(): the executable's pages stay in the page cache, where the kernel may drop them; those that are used come back
 * one by one.
 */
static napi_value release_program_pages(napi_env env, napi_callback_info info)
{
	(void)env;
	(void)info;
	dl_iterate_phdr(release_segments, NULL);
	return NULL;
}

bool define_memory(napi_env env, napi_value exports)
{
	return define_function(env, exports, "releaseProgramPages", release_program_pages);
}
