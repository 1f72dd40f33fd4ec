// What is said to people of what others chose: no text of a file or an agent moves a terminal's cursor, and what is
// hidden from us is said to be.

import { afterAll, beforeAll, expect } from 'bun:test';
import {
  chownSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NOBODY } from '../support/burners.ts';
import { faultRow } from '../support/fault-row.ts';
import { run } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder } from '../support/workloads.ts';

const area = 'words';
const clone = join(import.meta.dir, '../..');
const root = freshFolder();
const good = join(root, 'good.folded');
beforeAll(() => writeFileSync(good, 'main;work 3\n'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A title, a cleared screen, a colour by C1, text the other way round, a line that is none. */
const ESCAPES =
  '\u001b]0,title\u0007\u001b[2J\u009b31m\u202egnp\u2028\rwaggle: all is well\b\u007f';
/** All of that is a control of a terminal, or turns text around. */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function firefox(change: object): string {
  const thread = {
    name: ESCAPES,
    samples: { stack: [0], length: 1, weight: null, time: [0] },
    stackTable: { frame: [0], prefix: [null] },
    frameTable: { func: [0] },
    funcTable: { name: [0] },
    resourceTable: {},
    stringArray: [ESCAPES],
  };
  const meta = { preprocessedProfileVersion: 50, interval: 1, product: ESCAPES };
  return JSON.stringify({ meta, libs: [], threads: [{ ...thread, ...change }] });
}

const samplesOf = (change: object) => ({
  samples: { stack: [0], length: 1, weight: null, time: [0], ...change },
});
const speedscope = (change: object) =>
  JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames: [{ name: ESCAPES, file: ESCAPES }] },
    profiles: [
      { type: 'sampled', name: ESCAPES, unit: 'none', samples: [[0]], weights: [1], ...change },
    ],
  });

/** Names that are read, and texts in what is refused. */
const FILES: Readonly<Record<string, string>> = {
  'names.folded': `main;${ESCAPES.replaceAll(/[\r\u2028]/g, '')} 3\n`,
  'count.folded': `main;work ${ESCAPES.replaceAll(/[\r\u2028]/g, '')}\n`,
  'names.firefox.json': firefox({}),
  'weights.firefox.json': firefox(samplesOf({ weightType: ESCAPES })),
  'weight.firefox.json': firefox(samplesOf({ weight: [ESCAPES] })),
  'names.speedscope.json': speedscope({}),
  'type.speedscope.json': speedscope({ type: ESCAPES }),
  'unit.speedscope.json': speedscope({ unit: ESCAPES }),
  'profile.cpuprofile': JSON.stringify({
    nodes: [{ id: 1, callFrame: { functionName: ESCAPES, url: ESCAPES }, hitCount: 1 }],
    [ESCAPES]: ESCAPES,
  }),
  'id.cpuprofile': JSON.stringify({ nodes: [{ id: ESCAPES, callFrame: {} }] }),
  'script.txt': `${ESCAPES} 1 1.000: 1 cycles:\n\t    7f0000001000 ${ESCAPES} (${ESCAPES})\n\n`,
  'events.jsonl': `${JSON.stringify({ type: 'exec', time: ESCAPES, pid: 1, comm: ESCAPES })}\n`,
  [`${ESCAPES.replaceAll('/', '')}.folded`]: 'main;work 3\n',
  [`${ESCAPES.replaceAll('/', '')}.pb.gz`]: ESCAPES,
};

faultRow(
  {
    area,
    what: `convert and diff of ${Object.keys(FILES).length} files whose names and texts are escapes, C1 controls and marks that turn text around`,
    holds: 'none of them is in a message or in a table',
    times: [1, 3],
  },
  async () => {
    for (const [name, content] of Object.entries(FILES)) {
      const path = join(root, name);
      writeFileSync(path, content);
      for (const args of [
        ['convert', path, join(root, 'out.svg')],
        ['convert', path, join(root, 'out.events.html')],
        ['diff', good, path],
        ['diff', path, good],
      ]) {
        const { code, stdout, stderr } = await Waggle.run(args);
        expect({ name, args, stderr, isPlain: !CONTROLS.test(stderr + stdout) }).toEqual({
          ...{ name, args, stderr: expect.not.stringMatching(/internal error/) },
          isPlain: true,
        });
        expect([0, 1, 2]).toContain(code);
      }
    }
  },
);

const AGENTS: readonly string[] = [
  `throw new Error(${JSON.stringify(ESCAPES)});`,
  `throw ${JSON.stringify(ESCAPES)};`,
  `export default { name: ${JSON.stringify(ESCAPES)} };`,
  `export default { name: ${JSON.stringify(ESCAPES)}, setup() { throw new Error(${JSON.stringify(ESCAPES)}); } };`,
  `import ${JSON.stringify(`./${ESCAPES}`)};`,
];

faultRow(
  {
    area,
    what: `${AGENTS.length} agents whose names and errors are such`,
    holds: 'they fail in one line or more, without any of them',
    times: [1, 3],
  },
  async () => {
    for (const [index, content] of AGENTS.entries()) {
      const path = join(root, `agent${index}.ts`);
      writeFileSync(path, content);
      const { code, stderr } = await Waggle.run(['run', path]);
      expect({ content, stderr, isPlain: !CONTROLS.test(stderr) }).toMatchObject({ isPlain: true });
      expect(code).not.toBe(0);
      expect(stderr).not.toBe('');
    }
  },
);

/** As kernel.kptr_restrict=2 has it for everybody. */
const hidingSymbols = (folder: string) => [
  ...['unshare', '-m', 'sh', '-c'],
  `sed 's/^[0-9a-f]*/0000000000000000/' /proc/kallsyms >"$0/kallsyms" &&
    mount --bind "$0/kallsyms" /proc/kallsyms && exec "$@"`,
  folder,
];

faultRow(
  {
    area,
    what: 'record where the kernel hides its symbols',
    holds: 'it says so, and what would show them',
    times: [1, 5],
  },
  async () => {
    const reads = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1M', 'count=5000'];
    const { code, stderr } = await Waggle.run(
      ['record', '-o', join(root, 'hidden.folded'), '--', ...reads],
      { prefix: hidingSymbols(root), env: { XDG_CACHE_HOME: join(root, 'cache') } },
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('the kernel hides its symbols'),
    });
    expect(stderr).toContain('kptr_restrict');
  },
);

faultRow(
  {
    area: 'somebody else’s code',
    what: 'root’s set-up in the clone of another user, with a link to a file of root’s in what it made',
    holds: 'what it made is his, and what the link leads to is not',
    times: [1, 3],
  },
  async (round) => {
    const his = join(root, `clone${round}`);
    const made = join(his, 'made');
    const precious = join(root, `precious${round}`);
    mkdirSync(join(his, 'scripts'), { recursive: true });
    copyFileSync(join(clone, 'scripts/setup-state.sh'), join(his, 'scripts/setup-state.sh'));
    chownSync(his, NOBODY, NOBODY);
    mkdirSync(made);
    writeFileSync(precious, '');
    writeFileSync(join(made, 'file'), '');
    symlinkSync(precious, join(made, 'link'));
    await run('sh', '-c', 'root=$0; . "$0/scripts/setup-state.sh"; give_to_owner "$0/made"', his);
    const owners = [made, join(made, 'file'), join(made, 'link'), precious].map(
      (path) => lstatSync(path).uid,
    );
    expect(owners).toEqual([NOBODY, NOBODY, NOBODY, 0]);
  },
);
