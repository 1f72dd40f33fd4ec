/*
 * The kernel's types (BTF) for several objects. libbpf reads /sys/kernel/btf/vmlinux for each object that it
 * loads and forgets it again, which takes longer than all else of a load but the verifier. Here an object gets
 * those that were read for another one, for as long as somebody holds them; nothing in libbpf changes them.
 * libbpf.c is compiled with the two calls renamed to these (scripts/build.ts).
 */
#include <pthread.h>

#include <btf.h>
#include <libbpf.h>

#include "kernel-types.h"
#include "waggle.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int holders;
/* The shared ones, and how many objects have them now. */
static struct btf *shared;
static unsigned int users;

/* Under the lock. */
static void drop_unused(void)
{
	if (holders || users)
		return;
	btf__free(shared);
	shared = NULL;
}

struct btf *waggle_load_vmlinux_btf(void)
{
	struct btf *types;

	pthread_mutex_lock(&lock);
	types = shared ? shared : btf__load_vmlinux_btf();
	if (types && holders)
		shared = types;
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
