// Run as a process of its own: loads an object often while the runtime's profiler stops this thread a
// thousand times a second. The verifier must not be interrupted, nor the profiler wait for us for ever.

import { startSamplingProfiler } from 'bun:jsc';
import { BpfObjectFile, openNative } from '../../src/index.ts';

const LOADS = 20;

startSamplingProfiler();
const native = await openNative();
const [path = ''] = process.argv.slice(2);
let sum = 0;
for (let load = 0; load < LOADS; load++) {
  using _loaded = BpfObjectFile.open(native, path).load();
  for (let step = 0; step < 1e6; step++) sum += Math.sqrt(step);
}
console.log(sum > 0 ? 'loaded' : '');
process.exit();
