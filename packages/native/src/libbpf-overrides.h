/*
 * Included before libbpf.c: what is declared weak here is defined once more in kernel-types.c, and that counts.
 * No header of libbpf, since libbpf.c includes those of the system first.
 */
#include <stddef.h>

struct btf;
struct bpf_core_cand;
struct bpf_core_cand_list;

__attribute__((weak)) int bpf_core_add_cands(struct bpf_core_cand *local, size_t length,
					     const struct btf *types, const char *source, int first,
					     struct bpf_core_cand_list *list);
