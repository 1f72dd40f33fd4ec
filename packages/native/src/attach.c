/*
 * Attaching programs to places that are chosen when it runs. libbpf takes them in structs that hold addresses
 * of arrays; here they are arrays. Each returns what libbpf's function does: a link, or NULL and errno.
 */
#include <errno.h>
#include <stddef.h>

#include <libbpf.h>

#include "waggle.h"

#ifdef WAGGLE_SYSTEM_LIBBPF
/* Since libbpf 1.3 and 1.4: an older one is loaded nevertheless, and what asks for them is refused. */
#pragma weak bpf_program__attach_uprobe_multi
#pragma weak bpf_program__attach_raw_tracepoint_opts
#define HAS(function) (&(function) != NULL)
#else
#define HAS(function) 1
#endif

static struct bpf_link *refused(void)
{
	errno = EOPNOTSUPP;
	return NULL;
}

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "offsets are arrays of 64 bits");

struct bpf_link *waggle_attach_perf_event(const struct bpf_program *program, int32_t event, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_perf_event_opts, options, .bpf_cookie = cookie);

	return bpf_program__attach_perf_event_opts(program, event, &options);
}

struct bpf_link *waggle_attach_uprobes(const struct bpf_program *program, const char *path,
				       const uint64_t *offsets, const uint64_t *semaphores,
				       const uint64_t *cookies, uint32_t count, uint32_t at_return)
{
	LIBBPF_OPTS(bpf_uprobe_multi_opts, options, .offsets = (const unsigned long *)offsets,
		    .ref_ctr_offsets = (const unsigned long *)semaphores, .cookies = (const __u64 *)cookies,
		    .cnt = count, .retprobe = at_return != 0);

	if (!HAS(bpf_program__attach_uprobe_multi))
		return refused();
	return bpf_program__attach_uprobe_multi(program, -1, path, NULL, &options);
}

struct bpf_link *waggle_attach_uprobe(const struct bpf_program *program, const char *path, uint64_t offset,
				      uint64_t semaphore, uint64_t cookie, uint32_t at_return)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = semaphore, .bpf_cookie = cookie,
		    .retprobe = at_return != 0);

	return bpf_program__attach_uprobe_opts(program, -1, path, offset, &options);
}

struct bpf_link *waggle_attach_kprobes(const struct bpf_program *program, const uint64_t *addresses,
				       const uint64_t *cookies, uint32_t count, uint32_t at_return)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, options, .addrs = (const unsigned long *)addresses,
		    .cookies = (const __u64 *)cookies, .cnt = count, .retprobe = at_return != 0);

	return bpf_program__attach_kprobe_multi_opts(program, NULL, &options);
}

struct bpf_link *waggle_attach_kprobe(const struct bpf_program *program, const char *function, uint64_t offset,
				      uint64_t cookie, uint32_t at_return)
{
	LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = offset, .bpf_cookie = cookie,
		    .retprobe = at_return != 0);

	return bpf_program__attach_kprobe_opts(program, function, &options);
}

struct bpf_link *waggle_attach_raw_tracepoint(const struct bpf_program *program, const char *name, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_raw_tracepoint_opts, options, .cookie = cookie);

	if (!HAS(bpf_program__attach_raw_tracepoint_opts))
		return refused();
	return bpf_program__attach_raw_tracepoint_opts(program, name, &options);
}

struct bpf_link *waggle_attach_tracepoint(const struct bpf_program *program, const char *system, const char *name,
					  uint64_t cookie)
{
	LIBBPF_OPTS(bpf_tracepoint_opts, options, .bpf_cookie = cookie);

	return bpf_program__attach_tracepoint_opts(program, system, name, &options);
}
