/* In place of btf__load_vmlinux_btf() and btf__free() where libbpf.c calls them: see kernel-types.c. */
#ifndef WAGGLE_KERNEL_TYPES_H
#define WAGGLE_KERNEL_TYPES_H

struct btf;

struct btf *waggle_load_vmlinux_btf(void);
void waggle_free_btf(struct btf *types);

#endif
