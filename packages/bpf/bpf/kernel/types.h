/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Integers by the kernel's names, and what its structs are strung together with. */
#ifndef WAGGLE_KERNEL_TYPES_H
#define WAGGLE_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <linux/bpf.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef int pid_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

typedef struct {
	int counter;
} atomic_t;

#pragma clang attribute pop

#endif
