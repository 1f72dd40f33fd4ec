/*
 * In the library for the system's libbpf (WAGGLE_LIBBPF=system) in place of kernel-types.c, which reaches into libbpf:
 * there each object reads the kernel's types by itself.
 */
#include "waggle.h"

void waggle_kernel_types_hold(void)
{
}

void waggle_kernel_types_release(void)
{
}
