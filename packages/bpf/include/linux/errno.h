/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The numbers that bpf/usdt.bpf.h returns, as in include/uapi/asm-generic/errno-base.h. */
#ifndef _LINUX_ERRNO_H
#define _LINUX_ERRNO_H

#define ENOENT 2
#define ESRCH 3
#define EINVAL 22

#endif
