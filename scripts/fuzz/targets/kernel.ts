// Records of our own BPF programs and of perf events, and type information (BTF). Records are whole, as the kernel gives
// them: their header says how long they are, and a length that leads out of memory is a RangeError.

import { BtfError, parseBtf } from '../../../packages/bpf/src/btf/btf.ts';
import { decodeCgroup } from '../../../packages/bpf/src/records/cgroup.ts';
import { KnownCgroups } from '../../../packages/events/src/fields/known-cgroups.ts';
import { EventContext } from '../../../packages/events/src/kinds/event-base.ts';
import { decodeEvent } from '../../../packages/events/src/kinds/event-decoder.ts';
import { decodeSideband } from '../../../packages/profiler/src/mappings/perf-records.ts';
import { errorsOf, type FuzzTarget } from '../target.ts';

const context = new EventContext(new KnownCgroups(() => false));

export const kernelTargets: readonly FuzzTarget[] = [
  {
    name: 'bpf-record',
    run: (input) => {
      const bytes = input.slice();
      const memory = { bytes, view: new DataView(bytes.buffer) };
      decodeEvent(memory.view.getUint16(0, true), memory, 0, context);
      decodeCgroup(memory, 0);
    },
    refuses: errorsOf(RangeError),
  },
  {
    name: 'perf-record',
    run: (input) => void decodeSideband(new DataView(input.slice().buffer), 7n),
    refuses: errorsOf(RangeError),
  },
  {
    name: 'btf',
    run: (bytes) => void parseBtf(bytes),
    refuses: errorsOf(BtfError),
  },
];
