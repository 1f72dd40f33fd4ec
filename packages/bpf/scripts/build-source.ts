// Builds BPF programs of one's own: bun scripts/build-source.ts FILE.bpf.c...

import { buildSource } from '../src/build/build-source.ts';

for (const file of process.argv.slice(2)) console.log(buildSource(file));
