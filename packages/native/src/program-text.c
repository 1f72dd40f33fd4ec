/*
 * Gives back what is resident of the program's own code and constants: those of the runtime, tens of megabytes
 * of which a start needs most. The pages are those of its file, unchanged, and come back from the page cache when
 * they are used again, sixteen with each fault.
 *
 * A breakpoint that somebody has put into this very process (a uprobe in the runtime's code) is gone with its page.
 */
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "waggle.h"

/* The first one that dl_iterate_phdr(3) shows is the program. */
static int release_segments(struct dl_phdr_info *program, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		uintptr_t start = program->dlpi_addr + segment->p_vaddr;
		/* What is beyond the last whole page may be another segment's. */
		uintptr_t end = (start + segment->p_filesz) & -page;

		start = (start + page - 1) & -page;
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W || start >= end)
			continue;
		if (madvise((void *)start, end - start, MADV_DONTNEED))
			return -errno;
	}
	/* Another one would be asked about if this were 0. */
	return 1;
}

int waggle_release_program_text(void)
{
	int result = dl_iterate_phdr(release_segments, NULL);

	return result < 0 ? result : 0;
}
