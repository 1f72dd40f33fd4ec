/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Files, and the ways to them: inodes, names in folders, mounts. */
#ifndef WAGGLE_KERNEL_FILES_H
#define WAGGLE_KERNEL_FILES_H

#include "types.h"

/* include/uapi/linux/stat.h */
#define S_ISUID 0004000
#define S_ISGID 0002000
#define S_IXGRP 0000010
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000
/* include/uapi/asm-generic/fcntl.h */
#define O_ACCMODE 00000003
#define O_WRONLY 00000001
#define O_RDWR 00000002
#define O_APPEND 00002000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	const unsigned char *name;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink;
	unsigned long i_ino;
	struct super_block *i_sb;
	long long i_size;
	u32 i_generation;
};

struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};

/* When the inode was last changed: Linux 6.11, 6.6 and before. */
struct inode___seconds {
	long long i_ctime_sec;
	u32 i_ctime_nsec;
};

struct inode___accessors {
	struct timespec64 __i_ctime;
};

struct inode___plain {
	struct timespec64 i_ctime;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags;
};

struct fdtable {
	struct file **fd; /* 64 at least, under RCU */
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path pwd;
};

#pragma clang attribute pop

#endif
