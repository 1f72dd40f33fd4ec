/**
 * The C functions that are called, with their signatures. libc: man 2 and 3; libbpf:
 * libbpf.h and bpf.h of the release in packages/native/vendor.
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
  socket: fn(['i32', 'i32', 'i32'], 'i32'),
  connect: fn(['i32', 'buffer', 'u32'], 'i32'),
  send: fn(['i32', 'buffer', 'u64', 'i32'], 'i64'),
  read: fn(['i32', 'buffer', 'u64'], 'i64'),
  poll: fn(['buffer', 'u64', 'i32'], 'i32'),
  waitpid: fn(['i32', 'buffer', 'i32'], 'i32'),
} as const satisfies NativeTable;

export const LIBBPF = {
  libbpf_version_string: fn([], 'pointer'),
  libbpf_num_possible_cpus: fn([], 'i32'),
  libbpf_probe_bpf_prog_type: fn(['i32', 'pointer'], 'i32'),
  libbpf_probe_bpf_map_type: fn(['i32', 'pointer'], 'i32'),
  bpf_object__open_file: fn(['buffer', 'pointer'], 'pointer'),
  bpf_object__open_mem: fn(['buffer', 'u64', 'pointer'], 'pointer'),
  bpf_object__close: fn(['pointer'], 'void'),
  bpf_object__next_program: fn(['pointer', 'pointer'], 'pointer'),
  bpf_object__next_map: fn(['pointer', 'pointer'], 'pointer'),
  bpf_program__name: fn(['pointer'], 'pointer'),
  bpf_program__section_name: fn(['pointer'], 'pointer'),
  bpf_program__set_autoload: fn(['pointer', 'i32'], 'i32'),
  bpf_program__autoload: fn(['pointer'], 'i32'),
  bpf_program__fd: fn(['pointer'], 'i32'),
  bpf_program__attach: fn(['pointer'], 'pointer'),
  bpf_link__destroy: fn(['pointer'], 'i32'),
  bpf_link__fd: fn(['pointer'], 'i32'),
  bpf_iter_create: fn(['i32'], 'i32'),
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
  bpf_map_lookup_batch: fn(
    ['i32', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'pointer'],
    'i32',
  ),
  bpf_map_delete_batch: fn(['i32', 'buffer', 'buffer', 'pointer'], 'i32'),
  bpf_map_lookup_and_delete_batch: fn(
    ['i32', 'buffer', 'buffer', 'buffer', 'buffer', 'buffer', 'pointer'],
    'i32',
  ),
  bpf_map_create: fn(['u32', 'buffer', 'u32', 'u32', 'u32', 'buffer'], 'i32'),
  bpf_map_update_batch: fn(['i32', 'buffer', 'buffer', 'buffer', 'pointer'], 'i32'),
  bpf_prog_test_run_opts: fn(['i32', 'buffer'], 'i32'),
} as const satisfies NativeTable;

/** packages/native/src/waggle.h */
export const WAGGLE = {
  waggle_log_text: fn([], 'pointer'),
  waggle_log_length: fn([], 'u64'),
  waggle_log_clear: fn([], 'void'),
  waggle_object_load: fn(['pointer'], 'i32'),
  waggle_attach_perf_event: fn(['pointer', 'i32', 'u64'], 'pointer'),
  waggle_attach_uprobes: fn(
    ['pointer', 'buffer', 'buffer', 'buffer', 'buffer', 'u32', 'u32'],
    'pointer',
  ),
  waggle_attach_uprobe: fn(['pointer', 'buffer', 'u64', 'u64', 'u64', 'u32'], 'pointer'),
  waggle_attach_kprobes: fn(['pointer', 'buffer', 'buffer', 'u32', 'u32'], 'pointer'),
  waggle_attach_kprobe: fn(['pointer', 'buffer', 'u64', 'u64', 'u32'], 'pointer'),
  waggle_attach_raw_tracepoint: fn(['pointer', 'buffer', 'u64'], 'pointer'),
  waggle_attach_tracepoint: fn(['pointer', 'buffer', 'buffer', 'u64'], 'pointer'),
  waggle_kernel_types_hold: fn([], 'void'),
  waggle_kernel_types_release: fn([], 'void'),
  waggle_poll_open: fn(['buffer', 'u32'], 'pointer'),
  waggle_poll_wait: fn(['pointer'], 'i32'),
  waggle_poll_stop: fn(['pointer'], 'void'),
  waggle_poll_free: fn(['pointer'], 'void'),
  waggle_poll_thread: fn(['pointer'], 'i32'),
  waggle_disable_events: fn(['buffer', 'u32', 'u64'], 'i32'),
  waggle_release_program_text: fn([], 'i32'),
  waggle_write_line: fn(['pointer', 'pointer', 'u32', 'pointer', 'u32'], 'i32'),
  waggle_spawn: fn(['buffer', 'buffer', 'buffer', 'buffer', 'buffer'], 'i32'),
} as const satisfies NativeTable;

/** What SQLite calls, and nobody here: it loads the library as an extension of its own (bound-sqlite.c). */
export const BOUND_SQLITE = 'waggle_bound_sqlite';
