// BPF_PROG_TEST_RUN: lets a test or benchmark run a program as often as it likes.

import type { BpfProgram, Native } from '../../src/index.ts';

/** struct bpf_test_run_opts of bpf/bpf.h, libbpf 1.x. */
const OPTIONS = {
  bytes: 80,
  sz: 0,
  data_in: 8,
  data_size_in: 24,
  retval: 56,
  repeat: 60,
} as const;

const packet = new Uint8Array(64);

/** Runs a `socket` program `repeat` times on an empty packet; what its last run returned. */
export function testRun(native: Native, program: BpfProgram, repeat = 1): number {
  const options = new Uint8Array(OPTIONS.bytes);
  const view = new DataView(options.buffer);
  view.setBigUint64(OPTIONS.sz, BigInt(OPTIONS.bytes), true);
  view.setBigUint64(OPTIONS.data_in, BigInt(native.backend.addressOf(packet)), true);
  view.setUint32(OPTIONS.data_size_in, packet.length, true);
  view.setInt32(OPTIONS.repeat, repeat, true);
  native.check(`run ${program.name}`, () =>
    native.libbpf.bpf_prog_test_run_opts(program.fd, options),
  );
  return view.getUint32(OPTIONS.retval, true);
}
