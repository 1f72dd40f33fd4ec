/*
 * What elfutils' configure would find out for libelf on Linux with glibc 2.28 or newer, or with musl 1.2.2 or
 * newer. Without zstd: no object of ours has sections that are compressed by it.
 */
#define HAVE_ERR_H 1
#define HAVE_DECL_MEMPCPY 1
#define HAVE_DECL_MEMRCHR 1
#define HAVE_DECL_POWEROF2 1
#define HAVE_DECL_REALLOCARRAY 1
#define HAVE_FALLTHROUGH 1
#define HAVE_VISIBILITY 1

#include <eu-config.h>
