// Profiles as others and we write them.

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { formats, type Profile, type ProfileFrame } from '../../../packages/formats/src/index.ts';
import { put } from './corpus.ts';

export function profiles(): void {
  const frame = (name: string, more: Partial<ProfileFrame> = {}): ProfileFrame => ({
    name,
    kind: 'user',
    object: '/bin/prog',
    ...more,
  });
  const main = frame('main', { file: 'main.c', line: 3, address: 0x1234n });
  const profile: Profile = {
    stacks: [
      {
        frames: [{ name: 'prog', kind: 'process' }, main, frame('work')],
        count: 3,
        values: [3, 30],
      },
      {
        frames: [
          main,
          frame('inlined', { inlined: true, line: 9 }),
          { name: 'vfs_read', kind: 'kernel' },
        ],
        count: 2,
        values: [2, 20],
      },
    ],
    values: {
      types: [
        { type: 'samples', unit: 'count' },
        { type: 'cpu', unit: 'nanoseconds' },
      ],
      shown: 0,
    },
    metadata: {
      host: 'host',
      command: 'prog --flag',
      frequencyHz: 99,
      startTime: new Date(1e12),
      durationSeconds: 5,
      samples: 5,
      lostSamples: 1,
    },
  };
  for (const format of formats) {
    if (format.parse === undefined) continue;
    const content = format.encode(profile);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    put(
      format.name,
      'ours',
      format.name === 'pprof' ? Bun.gunzipSync(bytes as Uint8Array<ArrayBuffer>) : bytes,
    );
    if (format.name === 'pprof') put('pprof', 'packed', bytes);
  }
  put('folded', 'counts', 'a;b 1 2\na;c 3 4\n');
  put('folded', 'odd', '# comment\n[unknown];JS:~f 0.5\r\n;; 1e3\n1\n');
  put('folded', 'zstd', zstdCompressSync(Buffer.from('main;work 3\n')));
  put('folded', 'twice', gzipSync(gzipSync('main;work 3\n')));
  put(
    'perf-script',
    'plain',
    '# hostname : host\nprog 12/13 [001] 1.5: 1000 cycles:ppp:\n\t    7f00 work+0x1 (/bin/prog)\n' +
      '\t    7f10 main (inlined)\n  a.c:3\n\tffffffff81000000 do_idle ([kernel.kallsyms])\n\n' +
      'prog 12 2.5: cpu-clock: \n\t 7f00 [unknown] (/tmp/perf-12.map)\n\n',
  );
  put('perf-script', 'fields', 'prog  1.5:\n\t work\n\t main\n\nprog\n            7f00 work\n\n');
  put(
    'otlp-json',
    'plain',
    JSON.stringify({
      resourceProfiles: [
        {
          scopeProfiles: [
            {
              profiles: [
                { sampleType: { typeStrindex: 1 }, samples: [{ stackIndex: 1, values: ['3'] }] },
              ],
            },
          ],
        },
      ],
      dictionary: {
        stringTable: ['', 'samples', 'main'],
        functionTable: [{}, { nameStrindex: 2 }],
        locationTable: [{}, { lines: [{ functionIndex: 1 }] }],
        stackTable: [{}, { locationIndices: [1] }],
      },
    }),
  );
  put(
    'speedscope',
    'evented',
    JSON.stringify({
      shared: { frames: [{ name: 'main' }, { name: 'work', file: 'a.c', line: 3 }] },
      profiles: [
        {
          type: 'evented',
          unit: 'milliseconds',
          startValue: 0,
          endValue: 9,
          events: [
            { type: 'O', frame: 0, at: 0 },
            { type: 'O', frame: 1, at: 2 },
            { type: 'C', frame: 1, at: 5 },
            { type: 'C', frame: 0, at: 9 },
          ],
        },
      ],
    }),
  );
  const callFrame = { functionName: 'main', url: 'file:///a.js' };
  put(
    'chrome',
    'cpu',
    JSON.stringify({
      nodes: [
        { id: 1, callFrame: { functionName: '(root)' }, children: [2] },
        { id: 2, callFrame, hitCount: 2 },
      ],
      startTime: 0,
      endTime: 9,
      samples: [2, 2],
      timeDeltas: [1, 3],
    }),
  );
  put('chrome', 'heap', JSON.stringify({ head: { callFrame, selfSize: 8, children: [] } }));
  put(
    'chrome',
    'trace',
    JSON.stringify([
      { ph: 'M', name: 'thread_name', pid: 1, tid: 2, args: { name: 'CrRendererMain' } },
      { ph: 'P', name: 'Profile', pid: 1, tid: 2, id: '0x1', args: { data: { startTime: 0 } } },
      {
        ...{ ph: 'P', name: 'ProfileChunk', pid: 1, tid: 3, id: '0x1' },
        args: {
          data: { cpuProfile: { nodes: [{ id: 1, callFrame }], samples: [1] }, timeDeltas: [5] },
        },
      },
    ]),
  );
}
