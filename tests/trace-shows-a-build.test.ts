// A build of 200 C files as a page, for Perfetto and as a database: every process is in each of them once,
// and their sums are those of the JSON lines.

import { Database } from 'bun:sqlite';
import { afterAll, expect } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { readPage } from '../packages/timeline/src/page/viewer/read-page.ts';
import { eventually } from './support/deadline.ts';
import {
  type ExecLine,
  type ExitLine,
  type ForkLine,
  isExec,
  isExit,
  isFork,
  processOf,
} from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder } from './support/workloads.ts';

const FILES = 200;
/** Some ten seconds of CPU, on a machine that may be busy with other things. */
const BUILD_WITHIN_MS = 400_000;
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

function writeTree(): void {
  const names = Array.from({ length: FILES }, (_, file) => `part${file}`);
  for (const name of names)
    writeFileSync(join(root, `${name}.c`), `int ${name}(int n) { return n + 1; }\n`);
  writeFileSync(join(root, 'main.c'), 'int main(void) { return 0; }\n');
  writeFileSync(
    join(root, 'Makefile'),
    `program: main.o ${names.map((name) => `${name}.o`).join(' ')}\n\tcc -o $@ $^\n`,
  );
}

/** The data that the page's script reads, as it does. */
async function columnsOf(page: string) {
  const packed = /<script type="application\/octet-stream" id="data">([^<]*)</.exec(page)?.[1];
  const bytes = new Uint8Array(gunzipSync(Buffer.from(packed ?? '', 'base64')));
  return (await readPage(bytes.buffer, async () => {})).data.processes;
}

/** Known as a parent only. */
const CONTEXT = 4;

kernelTest(
  'a page, a trace and a database of a build agree with --json',
  async () => {
    writeTree();
    const [page, trace, database] = ['b.html', 'b.pftrace', 'b.db'].map((name) => join(root, name));
    await using waggle = new Waggle([
      ...['trace', '--json', '--events', 'fork,exec,exit,failed-exec'],
      ...['-o', page!, '-o', trace!, '-o', database!],
      ...['--', 'make', '-s', '-C', root, '-j2', 'CC=cc'],
    ]);
    const isWritten = () => /written to|^waggle: .*events/m.test(waggle.stderr);
    await eventually('the build to end', isWritten, BUILD_WITHIN_MS);
    const { code, events, stderr } = await waggle.result();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(', 0 lost') });
    const exits = events.filter(isExit);
    const execs = events.filter(isExec);
    const processes = new Set([
      ...[...exits, ...execs].map((event: ExecLine | ExitLine | ForkLine) => processOf(event)),
      ...events.filter(isFork).map((event) => `${event.childPid}@${event.childStartTime}`),
    ]);
    expect(processes.size).toBeGreaterThan(FILES * 3);
    const lifetime = exits.reduce((sum, { lifetimeNs }) => sum + BigInt(lifetimeNs), 0n);

    using sql = new Database(database!, { readonly: true, safeIntegers: true });
    expect(sql.query('SELECT count(*) AS n, sum(lifetimeNs) AS sum FROM exit').get()).toEqual({
      n: BigInt(exits.length),
      sum: lifetime,
    });
    expect(sql.query('SELECT count(*) AS n FROM exec').get()).toEqual({ n: BigInt(execs.length) });

    const shown = await columnsOf(readFileSync(page!, 'utf8'));
    const own = Array.from(shown.pid, (_, at) => at).filter((at) => shown.state[at] !== CONTEXT);
    expect(own.length).toBe(processes.size);
    const length = own.reduce((sum, at) => sum + (shown.length[at] ?? 0), 0);
    // Microseconds, each rounded.
    expect(Math.abs(length - Number(lifetime) / 1000)).toBeLessThan(2 * own.length);
    // What make took is explained from its beginning to its end.
    const make = exits.find(({ comm }) => comm === 'make');
    const critical = Array.from(shown.critical).reduce((sum, each) => sum + each, 0);
    expect(Math.abs(critical / (Number(make?.lifetimeNs) / 1000) - 1)).toBeLessThan(0.02);

    const schema = join(import.meta.dir, '../packages/timeline/test/fixtures/perfetto/schema.json');
    const Trace = protobuf.Root.fromJSON(await Bun.file(schema).json()).lookupType('Trace');
    const { packet } = Trace.toObject(Trace.decode(readFileSync(trace!)), { longs: String }) as {
      packet: readonly {
        readonly timestamp: string;
        readonly track_descriptor?: { readonly uuid: string; readonly parent_uuid?: string };
        readonly track_event?: { readonly type: number; readonly track_uuid: string };
      }[];
    };
    const tracks = new Map(
      packet.flatMap(({ track_descriptor: track }) =>
        track === undefined ? [] : [[track.uuid, track.parent_uuid] as const],
      ),
    );
    expect(tracks.size).toBe(processes.size);
    const below = [...tracks.values()].filter(
      (parent) => parent !== undefined && tracks.has(parent),
    );
    expect(below.length).toBe(processes.size - 1);
    const depth = new Map<string, number>();
    let slices = 0;
    for (const { track_event: event } of packet) {
      if (event === undefined || event.type === 3) continue;
      const now = (depth.get(event.track_uuid) ?? 0) + (event.type === 1 ? 1 : -1);
      // Image by image: one at a time, and none at the end.
      expect(now === 0 || now === 1).toBe(true);
      depth.set(event.track_uuid, now);
      if (event.type === 1) slices++;
    }
    expect([...depth.values()].every((each) => each === 0)).toBe(true);
    expect(slices).toBeGreaterThanOrEqual(execs.length);
  },
  2 * BUILD_WITHIN_MS,
);
