// Functions of JavaScript in Node.js, without an option for it, in one stack with native and kernel frames. The
// programs are tests/workloads/js_*; a program that lies about being V8 is false_v8.c.

import { describe, expect } from 'bun:test';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { nodes } from './support/nodes.ts';
import { Recorded } from './support/recorded.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const SCRIPTS = join(import.meta.dir, 'workloads');
const SHARES = join(SCRIPTS, 'js_shares.js');
const SHAPES_JS = join(SCRIPTS, 'js_shapes.cjs');
const INLINED_JS = join(SCRIPTS, 'js_inlined.cjs');

const TRAMPOLINE = 'Builtins_InterpreterEntryTrampoline';
const MODULE = '<module>';

const percent = (part: number, whole: number) => (100 * part) / whole;
const isUnnamed = (name: string) => name === TRAMPOLINE || name.startsWith('[jit');

/** What stands in each shape's stacks, the one below the other. */
const SHAPES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  recursion: [[MODULE, 'main', 'recursion', ...new Array<string>(61).fill('deeper'), 'spin']],
  generators: [[MODULE, 'main', 'generators', 'next', 'outer', 'next', 'inner', 'spin']],
  callbacks: [
    [MODULE, 'main', 'callbacks', 'sort', 'order', 'spin'],
    [MODULE, 'main', 'callbacks', 'map', 'mapped', 'spin'],
  ],
  exceptions: [[MODULE, 'main', 'exceptions', 'raises', 'spin']],
  replaced: [[MODULE, 'main', 'replaced', 'replace', 'replacer', 'spin']],
  classes: [
    [MODULE, 'main', 'classes', 'create', 'Derived', 'Base', 'made', 'spin'],
    [MODULE, 'main', 'classes', 'get read', 'spin'],
  ],
  parsed: [[MODULE, 'main', 'parsed', 'reviver', 'spin']],
};

/** The same of functions that V8 inlines. */
const INLINED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  shares: [
    ['turn', 'shares', 'heavy', 'spin'],
    ['turn', 'shares', 'light', 'spin'],
  ],
  beside: [
    ['turn', 'beside', 'inner', 'spin'],
    ['turn', 'beside', 'settle'],
  ],
  listed: [['turn', 'listed', 'forEach', 'each', 'spin']],
  constructed: [['turn', 'constructed', 'Made', 'make', 'spin']],
  looped: [['main', 'looped', 'nested', 'middle', 'inner', 'spin']],
};

interface Listed {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

/** Functions as speedscope's files have them. */
async function functionsOf(...command: string[]): Promise<Listed[]> {
  const path = join(freshFolder(), 'out.speedscope.json');
  const result = await Waggle.run(['record', '-F', '999', '-o', path, '--', ...command]);
  expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({
    ...{ code: 0, stderr: '' },
  });
  const { shared } = (await Bun.file(path).json()) as { shared: { frames: Listed[] } };
  return shared.frames;
}

const installed = nodes();

describe.each(installed.map((node) => [node.version, node] as const))(
  'Node.js %s',
  (version, { path = '' }) => {
    const missing = path === '' ? `Node.js ${version} is not to be had` : undefined;

    optionalKernelTest(
      'functions have their shares, from the first sample on',
      missing,
      async () => {
        const { stacks, stderr } = await Recorded.of(['--', path, SHARES, '3']);
        const [heavy, light] = ['heavy', 'run'].map((name) =>
          samplesUnder(stacks, MODULE, 'main', name, 'burn'),
        ) as [number, number];
        const share = percent(heavy, heavy + light);
        expect(share).toBeGreaterThan(56);
        expect(share).toBeLessThan(64);
        expect(percent(heavy + light, samplesWith(stacks, 'burn'))).toBeGreaterThan(99);
        expect(samples(stacks, ({ frames }) => frames.some(isUnnamed))).toBeLessThan(
          0.01 * samples(stacks),
        );
        expect(stderr).toMatch(/\d+ stacks with interpreted functions/);
      },
    );

    optionalKernelTest('stacks of every shape are whole', missing, async () => {
      const { stacks } = await Recorded.of(['--', path, SHAPES_JS, '0.7', ...Object.keys(SHAPES)]);
      for (const [shape, paths] of Object.entries(SHAPES)) {
        const ran = stacks.filter(
          ({ frames }) => frames.includes(shape) && frames.at(-1) === 'spin',
        );
        const whole = samples(ran, (stack) =>
          paths.some((names) => samplesUnder([stack], ...names) > 0),
        );
        expect({ shape, samples: samples(ran) > 20, whole }).toEqual({
          ...{ shape, samples: true, whole: samples(ran) },
        });
      }
    });

    optionalKernelTest('functions that were inlined stand where they call', missing, async () => {
      const { stacks } = await Recorded.of([
        '--',
        path,
        INLINED_JS,
        '0.8',
        ...Object.keys(INLINED),
      ]);
      for (const [shape, paths] of Object.entries(INLINED)) {
        const ran = stacks.filter(
          ({ frames }) => frames.includes(shape) && /^(?:spin|settle)$/.test(frames.at(-1) ?? ''),
        );
        const whole = paths.map((names) => samplesUnder(ran, ...names));
        const all = whole.reduce((sum, count) => sum + count, 0);
        expect({ shape, each: whole.every((count) => count > 50) }).toEqual({ shape, each: true });
        expect({ shape, whole: percent(all, samples(ran)) > 99 }).toEqual({ shape, whole: true });
      }
    });

    optionalKernelTest('functions that were inlined have their shares', missing, async () => {
      const { stacks } = await Recorded.of(['-F', '999', '--', path, INLINED_JS, '3', 'shares']);
      const [heavy, light] = ['heavy', 'light'].map((name) =>
        samplesUnder(stacks, 'shares', name, 'spin'),
      ) as [number, number];
      // Of some 3,000 samples four points are more than four standard deviations.
      const share = percent(heavy, heavy + light);
      expect(share).toBeGreaterThan(56);
      expect(share).toBeLessThan(64);
    });

    optionalKernelTest('an extension that calls back has its callers', missing, async () => {
      const extension = workload('js_addon');
      const { stacks } = await Recorded.of([
        '--',
        path,
        join(SCRIPTS, 'js_addon.cjs'),
        extension,
        '4',
      ]);
      const spinning = samplesWith(stacks, 'spin');
      expect(spinning).toBeGreaterThan(50);
      const whole = samplesUnder(stacks, MODULE, 'main', 'call_back', 'spin');
      // What it has just loaded has no table in the first 20 ms, on a busy host for half a second: 99 % else.
      expect(percent(whole, spinning)).toBeGreaterThan(85);
    });

    optionalKernelTest('functions have their file, and the line of it', missing, async () => {
      const found = await functionsOf(path, SHAPES_JS, '0.3', 'callbacks', 'classes');
      const lines = (await Bun.file(SHAPES_JS).text()).split('\n');
      const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
      for (const [name, text] of [
        ['spin', 'function spin'],
        ['main', 'function main'],
        ['order', 'function order'],
        ['get read', 'get read()'],
        ['made', 'made() {'],
      ] as const)
        expect(found).toContainEqual(
          expect.objectContaining({ name, file: SHAPES_JS, line: lineOf(text) }),
        );
    });

    optionalKernelTest(
      'code that took the place of other code has its own name',
      missing,
      async () => {
        const { stacks } = await Recorded.of(['--', path, SHAPES_JS, '2', 'churn']);
        const numberOf = (name = '') => /^(?:made|inner)_(\d+)$/.exec(name)?.[1];
        const made = stacks.filter(({ frames }) => frames.some((name) => /^inner_\d/.test(name)));
        const wrong = samples(made, ({ frames }) => {
          const at = frames.findIndex((name) => /^inner_\d/.test(name));
          return numberOf(frames[at]) !== numberOf(frames[at - 1]) || frames[at - 2] !== 'churn';
        });
        expect(samples(made)).toBeGreaterThan(100);
        expect(wrong).toBe(0);
      },
    );
  },
);

const node = installed.findLast(({ path }) => path !== undefined)?.path ?? '';
const none = node === '' ? 'no Node.js is to be had' : undefined;

const BRIEF = `function brief() {
  const end = process.cpuUsage().user + 120_000;
  let sum = 0;
  while (process.cpuUsage().user < end) for (let i = 0; i < 5000; i++) sum = (sum * 31 + i) % 1009;
}
brief();
`;

optionalKernelTest('a script that is gone at once has its names', none, async () => {
  const script = join(freshFolder(), 'brief.cjs');
  await Bun.write(script, BRIEF);
  const runs = `for run in $(seq 20); do "${node}" "${script}"; done`;
  const { stacks } = await Recorded.of(['--', 'sh', '-c', runs]);
  const named = samplesWith(stacks, 'brief');
  const unnamed = samples(stacks, ({ frames }) => frames.some(isUnnamed));
  expect(samplesUnder(stacks, MODULE, 'brief')).toBe(named);
  expect(named).toBeGreaterThan(1000);
  // Those of the first one or two, before anything was known of their V8: how many begin meanwhile is the host's.
  expect(percent(unnamed, named + unnamed)).toBeLessThan(15);
});

optionalKernelTest('each worker has its own stacks', none, async () => {
  const script = join(freshFolder(), 'workers.cjs');
  await Bun.write(
    script,
    `const { Worker, isMainThread } = require('node:worker_threads');
${BRIEF.replace('brief();', '')}
function inWorker() { for (let i = 0; i < 4; i++) brief(); }
if (isMainThread) for (let i = 0; i < 2; i++) new Worker(__filename);
else inWorker();
`,
  );
  const { stacks } = await Recorded.of(['--', node, script]);
  const ran = samplesWith(stacks, 'brief');
  expect(ran).toBeGreaterThan(200);
  expect(samplesUnder(stacks, MODULE, 'inWorker', 'brief')).toBe(ran);
});

optionalKernelTest('functions are left out where nobody wants them', none, async () => {
  const { stacks } = await Recorded.of(['--no-interpreters', '--', node, SHARES, '1']);
  expect(samplesWith(stacks, 'heavy')).toBe(0);
  expect(samples(stacks, ({ frames }) => frames.some(isUnnamed))).toBeGreaterThan(
    0.5 * samples(stacks),
  );
});

optionalKernelTest(
  "V8's own frames stand beside functions where they are wanted",
  none,
  async () => {
    const { stacks } = await Recorded.of(['--native', '--', node, SHARES, '1']);
    const ran = stacks.filter(({ frames }) => frames.includes('burn'));
    const isNative = ({ frames }: FoldedStack) =>
      frames.includes('Builtins_JSEntry') && frames.some((name) => name.startsWith('node::Start'));
    expect(percent(samples(ran, isNative), samples(ran))).toBeGreaterThan(99);
    expect(percent(samplesUnder(ran, MODULE, 'main'), samples(ran))).toBeGreaterThan(99);
  },
);

optionalKernelTest('a copy of the program is known by what it says of itself', none, async () => {
  const copy = join(freshFolder(), 'renamed');
  copyFileSync(node, copy);
  const stripped = Bun.spawnSync(['strip', copy]);
  expect(stripped.exitCode).toBe(0);
  const { stacks } = await Recorded.of(['--', copy, SHARES, '1']);
  expect(samplesUnder(stacks, MODULE, 'main', 'heavy', 'burn')).toBeGreaterThan(200);
});

/** A program that says it is V8. */
const lying = (how: string) => Recorded.of(['--', workload('false_v8'), how, '1000']);

optionalKernelTest('what lies about itself as V8 does is walked like it', undefined, async () => {
  const { stacks } = await lying('sound');
  // All but those that met a library before its table was there.
  expect(samplesUnder(stacks, 'outer', 'inner')).toBeGreaterThan(100);
  expect(samplesUnder(stacks, 'outer', 'inner')).toBe(samplesWith(stacks, 'outer'));
});

for (const [name, says] of [
  ['newer_v8', 'V8 14.6: newer than what is known: its functions are not shown'],
  [
    'silent_v8',
    'V8 13.6: it does not say class_JSFunction__shared__SharedFunctionInfo: its functions are not shown',
  ],
] as const)
  optionalKernelTest(`of V8 that is not known a word is said: ${name}`, undefined, async () => {
    const { stacks, stderr } = await Recorded.of(['--', workload(name), 'sound', '500']);
    expect(stderr).toContain(says);
    expect(samplesUnder(stacks, 'main', 'v8_Default_embedded_blob_code_', 'call_inner')).toBe(
      samplesWith(stacks, 'burn'),
    );
  });

optionalKernelTest('code that lies about itself has what it says inlined', undefined, async () => {
  const { stacks } = await lying('inlined');
  expect(samplesUnder(stacks, 'outer', 'inner')).toBeGreaterThan(100);
  expect(samplesWith(stacks, 'inner')).toBe(samplesWith(stacks, 'outer'));
});

for (const how of ['circle', 'endless'] as const)
  optionalKernelTest(`what is inlined is bounded: ${how}`, undefined, async () => {
    const { stacks, stderr } = await lying(how);
    expect(samplesWith(stacks, 'outer')).toBeGreaterThan(100);
    expect(samplesWith(stacks, 'inner')).toBe(0);
    expect(stderr).toMatch(/inlined functions that could not be read/);
  });

optionalKernelTest('what is inlined changes under the reader', undefined, async () => {
  const { stacks } = await lying('shuffled');
  const ran = stacks.filter(({ frames }) => frames.includes('outer'));
  expect(samples(ran)).toBeGreaterThan(50);
  for (const { frames } of ran) {
    const own = frames.slice(frames.indexOf('outer') + 1);
    expect(own.filter((name) => name !== 'inner' && !name.endsWith('_[k]'))).toEqual([]);
  }
});

for (const how of ['garbage', 'texts', 'changing', 'frames'] as const)
  optionalKernelTest(`a false V8 is bounded: ${how}`, undefined, async () => {
    const { stacks, stderr } = await lying(how);
    expect(samples(stacks)).toBeGreaterThan(50);
    for (const { frames } of stacks) expect(frames.length).toBeLessThan(40);
    const known = new Set(['outer', 'inner', '[unreadable]', MODULE, '<anonymous>']);
    if (how === 'garbage') {
      expect(stderr).toMatch(/frames that did not lead to code/);
      expect(samplesWith(stacks, 'burn')).toBeGreaterThan(50);
    } else if (how !== 'changing') {
      const named = ({ frames }: FoldedStack) => frames.some((name) => known.has(name));
      expect(samples(stacks, named)).toBeGreaterThan(50);
    }
  });
