/*
 * Memory that large files are read into, and memory given back that the start needed and running does not.
 */
#define _GNU_SOURCE
#include "native.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

/* Takes the pages of the program's own read-only segments out of the process; the first, as it is the program. */
static int release_segments(struct dl_phdr_info *program, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	for (int index = 0; index < program->dlpi_phnum; index++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[index];
		/* What is writable may have been written to (relocations), and would be lost. */
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
 * releaseProgramPages(): the executable's pages that nobody has touched since stay in the page cache, where the kernel may
 * drop them; those that are used come back one by one.
 */
static napi_value release_program_pages(napi_env env, napi_callback_info info)
{
	(void)env;
	(void)info;
	dl_iterate_phdr(release_segments, NULL);
	return NULL;
}

/* Size of a large page on x86-64, and on arm64 with small pages of 4 KiB. Elsewhere the kernel keeps to small ones. */
#define LARGE_PAGE_BYTES ((size_t)2 << 20)

static void unmap(napi_env env, void *data, void *bytes)
{
	(void)env;
	munmap(data, (size_t)bytes);
}

/* Maps zeros that begin at a multiple of the large page's size; `bytes` is one of the small page's. */
static void *map_large(size_t bytes)
{
	uint8_t *mapped = mmap(NULL, bytes + LARGE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	size_t in_front = -(uintptr_t)mapped & (LARGE_PAGE_BYTES - 1);
	if (in_front > 0)
		munmap(mapped, in_front);
	munmap(mapped + in_front + bytes, LARGE_PAGE_BYTES - in_front);
	/* Only a wish: it is as well without. */
	madvise(mapped + in_front, bytes, MADV_HUGEPAGE);
	return mapped + in_front;
}

/*
 * allocateLarge(bytes): an ArrayBuffer of zeros in large pages where the kernel has them, as the first touch of a small page
 * costs more than to fill it. It goes back to the kernel when it is collected.
 */
static napi_value allocate_large(napi_env env, napi_callback_info info)
{
	napi_value argument, buffer;
	size_t count = 1;
	uint32_t bytes;
	if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
	    napi_get_value_uint32(env, argument, &bytes) != napi_ok)
		return throw_coded(env, "wrong_argument", "expected a number of bytes");
	/* The end stays in small pages unless it fills half of a large one. */
	size_t unit = (bytes & (LARGE_PAGE_BYTES - 1)) > LARGE_PAGE_BYTES / 2 ? LARGE_PAGE_BYTES : (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = ((size_t)bytes + unit - 1) & ~(unit - 1);
	void *data = mapped > 0 ? map_large(mapped) : NULL;
	if (!data)
		return throw_coded(env, "out_of_memory", "out of memory");
	if (napi_create_external_arraybuffer(env, data, bytes, unmap, (void *)mapped, &buffer) != napi_ok) {
		munmap(data, mapped);
		return throw_coded(env, "out_of_memory", "out of memory");
	}
	return buffer;
}

bool define_memory(napi_env env, napi_value exports)
{
	return define_function(env, exports, "releaseProgramPages", release_program_pages) &&
	       define_function(env, exports, "allocateLarge", allocate_large);
}
