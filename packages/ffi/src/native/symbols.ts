/**
 * The C functions that are called, with their signatures. libc: man 2 and 3; libbpf:
 * bpf/libbpf.h and bpf/bpf.h of 1.x.
 */

import type { NativeTable } from './backend.ts';

const fn = <const P extends readonly string[], const R extends string>(parameters: P, result: R) =>
  ({ parameters, result }) as const;

export const LIBC = {
  __errno_location: fn([], 'pointer'),
  mmap: fn(['pointer', 'u64', 'i32', 'i32', 'i32', 'i64'], 'pointer'),
  munmap: fn(['pointer', 'u64'], 'i32'),
  close: fn(['i32'], 'i32'),
  open: fn(['buffer', 'i32'], 'i32'),
  ioctl: fn(['i32', 'u64', 'u64'], 'i32'),
  // perf_event_open has no wrapper in libc: syscall(number, attr, pid, cpu, group_fd, flags).
  syscall: fn(['i64', 'buffer', 'i64', 'i64', 'i64', 'u64'], 'i64'),
  clock_gettime: fn(['i32', 'buffer'], 'i32'),
  getpagesize: fn([], 'i32'),
  vsnprintf: fn(['buffer', 'u64', 'pointer', 'buffer'], 'i32'),
  eventfd: fn(['u32', 'i32'], 'i32'),
  write: fn(['i32', 'buffer', 'u64'], 'i64'),
  epoll_create1: fn(['i32'], 'i32'),
  epoll_ctl: fn(['i32', 'i32', 'i32', 'buffer'], 'i32'),
  epoll_wait: fn(['i32', 'buffer', 'i32', 'i32'], 'i32'),
  send: fn(['i32', 'buffer', 'u64', 'i32'], 'i64'),
  poll: fn(['buffer', 'u64', 'i32'], 'i32'),
  // fcntl(fd, F_SETFD, flags): a variadic argument travels as a fixed one does on x86-64 and AAPCS64.
  fcntl: fn(['i32', 'i32', 'i64'], 'i32'),
  getrlimit: fn(['i32', 'buffer'], 'i32'),
  setrlimit: fn(['i32', 'buffer'], 'i32'),
  sigaction: fn(['i32', 'buffer', 'buffer'], 'i32'),
  waitpid: fn(['i32', 'buffer', 'i32'], 'i32'),
  posix_spawnp: fn(['buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer'], 'i32'),
  posix_spawnattr_init: fn(['buffer'], 'i32'),
  posix_spawnattr_destroy: fn(['buffer'], 'i32'),
  posix_spawnattr_setflags: fn(['buffer', 'i32'], 'i32'),
  posix_spawnattr_setsigdefault: fn(['buffer', 'buffer'], 'i32'),
  posix_spawnattr_setsigmask: fn(['buffer', 'buffer'], 'i32'),
  posix_spawn_file_actions_init: fn(['buffer'], 'i32'),
  posix_spawn_file_actions_destroy: fn(['buffer'], 'i32'),
  posix_spawn_file_actions_adddup2: fn(['buffer', 'i32', 'i32'], 'i32'),
  posix_spawn_file_actions_addopen: fn(['buffer', 'i32', 'buffer', 'i32', 'u32'], 'i32'),
} as const satisfies NativeTable;

/** sizeof(struct epoll_event) is 12 on x86-64, where it is packed, and 16 elsewhere. */
export const EPOLL_EVENT_BYTES = 16;

export const LIBBPF_SONAME = 'libbpf.so.1';

export const LIBBPF = {
  libbpf_version_string: fn([], 'pointer'),
  libbpf_set_print: fn(['pointer'], 'pointer'),
  libbpf_num_possible_cpus: fn([], 'i32'),
  libbpf_probe_bpf_prog_type: fn(['i32', 'pointer'], 'i32'),
  libbpf_probe_bpf_map_type: fn(['i32', 'pointer'], 'i32'),
  bpf_object__open_file: fn(['buffer', 'pointer'], 'pointer'),
  bpf_object__open_mem: fn(['buffer', 'u64', 'pointer'], 'pointer'),
  bpf_object__load: fn(['pointer'], 'i32'),
  bpf_object__close: fn(['pointer'], 'void'),
  bpf_object__next_program: fn(['pointer', 'pointer'], 'pointer'),
  bpf_object__next_map: fn(['pointer', 'pointer'], 'pointer'),
  bpf_program__name: fn(['pointer'], 'pointer'),
  bpf_program__section_name: fn(['pointer'], 'pointer'),
  bpf_program__set_autoload: fn(['pointer', 'i32'], 'i32'),
  bpf_program__autoload: fn(['pointer'], 'i32'),
  bpf_program__fd: fn(['pointer'], 'i32'),
  bpf_program__attach: fn(['pointer'], 'pointer'),
  bpf_program__attach_perf_event: fn(['pointer', 'i32'], 'pointer'),
  bpf_link__destroy: fn(['pointer'], 'i32'),
  bpf_map__name: fn(['pointer'], 'pointer'),
  bpf_map__fd: fn(['pointer'], 'i32'),
  bpf_map__type: fn(['pointer'], 'i32'),
  bpf_map__key_size: fn(['pointer'], 'u32'),
  bpf_map__value_size: fn(['pointer'], 'u32'),
  bpf_map__max_entries: fn(['pointer'], 'u32'),
  bpf_map__set_max_entries: fn(['pointer', 'u32'], 'i32'),
  bpf_map__set_autocreate: fn(['pointer', 'i32'], 'i32'),
  bpf_map__reuse_fd: fn(['pointer', 'i32'], 'i32'),
  bpf_map__initial_value: fn(['pointer', 'buffer'], 'pointer'),
  bpf_map_update_elem: fn(['i32', 'buffer', 'buffer', 'u64'], 'i32'),
  bpf_map_lookup_elem: fn(['i32', 'buffer', 'buffer'], 'i32'),
  bpf_map_delete_elem: fn(['i32', 'buffer'], 'i32'),
  bpf_map_get_next_key: fn(['i32', 'buffer', 'buffer'], 'i32'),
  bpf_map_lookup_and_delete_batch: fn(
    ['i32', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'pointer'],
    'i32',
  ),
  bpf_map_create: fn(['u32', 'buffer', 'u32', 'u32', 'u32', 'buffer'], 'i32'),
  bpf_map_update_batch: fn(['i32', 'buffer', 'buffer', 'buffer', 'pointer'], 'i32'),
  bpf_prog_test_run_opts: fn(['i32', 'buffer'], 'i32'),
} as const satisfies NativeTable;
