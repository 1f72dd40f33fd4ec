/* In place of functions that libbpf.c calls by other names: see kernel-types.c. */
#ifndef WAGGLE_KERNEL_TYPES_H
#define WAGGLE_KERNEL_TYPES_H

struct btf;

/* btf__load_vmlinux_btf(), btf__free() and btf__find_by_name_kind() */
struct btf *waggle_load_vmlinux_btf(void);
void waggle_free_btf(struct btf *types);
int waggle_find_by_name_kind(const struct btf *types, const char *name, unsigned int kind);

#endif
