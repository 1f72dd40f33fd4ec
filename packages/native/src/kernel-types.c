/*
 * The kernel's types (BTF), read once for several objects and found by name. libbpf reads
 * /sys/kernel/btf/vmlinux for each object that it loads, and goes through all of its 100,000 types and more for
 * each that a program names: that takes longer than all else of a load but the verifier. Here an object gets
 * those that were read for another one, for as long as somebody holds them, and an index answers. Nothing in
 * libbpf changes the kernel's types.
 *
 * libbpf.c calls these functions in place of its own: three by another name (scripts/build.ts), and
 * bpf_core_add_cands() since the one of libbpf.c is weak (libbpf-overrides.h).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <btf.h>
#include <libbpf.h>
#include <libbpf_internal.h>

#include "kernel-types.h"
#include "waggle.h"

#define BUCKET_BITS 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int holders;
/* The shared types, and how many objects have them now. */
static struct btf *shared;
static unsigned int users;

/*
 * Ids of the shared types by their names without a flavour (what follows `___`), in chains of ascending ids;
 * 0 ends one. NULL where there was no memory: then libbpf's own way is gone.
 */
static unsigned int *buckets;
static unsigned int *next_id;

static unsigned int bucket_of(const char *name, size_t length)
{
	unsigned int hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return (hash ^ hash >> BUCKET_BITS) & ((1u << BUCKET_BITS) - 1);
}

static const char *name_of(const struct btf *types, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(types, type->name_off);

	return name ? name : "";
}

/* Under the lock, as all that changes what is shared. */
static void drop_index(void)
{
	free(buckets);
	free(next_id);
	buckets = NULL;
	next_id = NULL;
}

static void make_index(void)
{
	unsigned int count = btf__type_cnt(shared);

	buckets = calloc(1u << BUCKET_BITS, sizeof(*buckets));
	next_id = calloc(count, sizeof(*next_id));
	if (!buckets || !next_id) {
		drop_index();
		return;
	}
	/* From the last one on, so that chains ascend. */
	for (unsigned int id = count - 1; id > 0; id--) {
		const char *name = name_of(shared, btf__type_by_id(shared, id));
		unsigned int *bucket;

		if (!*name)
			continue;
		bucket = &buckets[bucket_of(name, bpf_core_essential_name_len(name))];
		next_id[id] = *bucket;
		*bucket = id;
	}
}

static void drop_unused(void)
{
	if (holders || users)
		return;
	drop_index();
	btf__free(shared);
	shared = NULL;
}

struct btf *waggle_load_vmlinux_btf(void)
{
	struct btf *types;

	pthread_mutex_lock(&lock);
	types = shared ? shared : btf__load_vmlinux_btf();
	if (types && !shared && holders) {
		shared = types;
		make_index();
	}
	if (types && types == shared)
		users++;
	pthread_mutex_unlock(&lock);
	return types;
}

void waggle_free_btf(struct btf *types)
{
	pthread_mutex_lock(&lock);
	if (types && types == shared) {
		users--;
		drop_unused();
	} else {
		btf__free(types);
	}
	pthread_mutex_unlock(&lock);
}

void waggle_kernel_types_hold(void)
{
	pthread_mutex_lock(&lock);
	holders++;
	pthread_mutex_unlock(&lock);
}

void waggle_kernel_types_release(void)
{
	pthread_mutex_lock(&lock);
	holders--;
	drop_unused();
	pthread_mutex_unlock(&lock);
}

/* Who asks has the types from waggle_load_vmlinux_btf(): they and their index stay. */
static int is_indexed(const struct btf *types)
{
	return types == shared && buckets;
}

int waggle_find_by_name_kind(const struct btf *types, const char *name, unsigned int kind)
{
	unsigned int id;

	/* Type 0 has the name void and is in no chain. */
	if (!is_indexed(types) || !*name || kind == BTF_KIND_UNKN || !strcmp(name, "void"))
		return btf__find_by_name_kind(types, name, kind);
	id = buckets[bucket_of(name, bpf_core_essential_name_len(name))];
	for (; id; id = next_id[id]) {
		const struct btf_type *type = btf__type_by_id(types, id);

		if (btf_kind(type) == kind && !strcmp(name_of(types, type), name))
			return (int)id;
	}
	errno = ENOENT;
	return -ENOENT;
}

static int add(struct bpf_core_cand_list *list, const struct btf *types, unsigned int id)
{
	struct bpf_core_cand *grown = realloc(list->cands, ((size_t)list->len + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->cands = grown;
	grown[list->len].btf = types;
	grown[list->len].id = id;
	list->len++;
	return 0;
}

/* Types of `types`, from `first` on, that a type of a program may be: of its kind and with its name. */
int bpf_core_add_cands(struct bpf_core_cand *local, size_t length, const struct btf *types,
		       const char *source, int first, struct bpf_core_cand_list *list)
{
	const struct btf_type *wanted = btf__type_by_id(local->btf, local->id);
	const char *wanted_name = name_of(local->btf, wanted);
	int by_index = is_indexed(types);
	unsigned int end = btf__type_cnt(types);
	unsigned int id = by_index ? buckets[bucket_of(wanted_name, length)] : (unsigned int)first;

	(void)source;
	while (by_index ? id != 0 : id < end) {
		const struct btf_type *type = btf__type_by_id(types, id);
		const char *name = btf_kind_core_compat(type, wanted) ? name_of(types, type) : "";

		if (id >= (unsigned int)first && *name && !strncmp(name, wanted_name, length) &&
		    bpf_core_essential_name_len(name) == length) {
			int problem = add(list, types, id);

			if (problem)
				return problem;
		}
		id = by_index ? next_id[id] : id + 1;
	}
	return 0;
}
