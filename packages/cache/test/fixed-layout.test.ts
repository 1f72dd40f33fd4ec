/**
 * Where address spaces are not laid out at random (`setarch -R`, gdb), exec does not draw a new
 * layout, and images are told apart by lengths and by the executable. With real processes.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFixedLayout, ProcessMetadataCache } from '../src/index.ts';

const works = spawnSync('setarch', ['-R', 'true']).status === 0;
const skip = works ? false : 'needs setarch, and to be allowed to use it';

/** Some milliseconds without a system call, so that an image lives for a few looks. */
const WAIT = 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done;';

/** A shell that execs its twin then, again and again: two images of equal lengths. */
const AGAIN = `${WAIT} export IMAGE=$3; exec $2/$3/sh$3 -c "$1" sh "$1" "$2" "$4" "$3"`;
/** The same program each time, with arguments of one length more or less. */
const LONGER = `${WAIT} export IMAGE=$3; exec $2/sh -c "$1" sh "$1" "$2" "$4" "$3"`;

/** Complete looks at the process, all of them at one image each. */
const ENOUGH = 100;

async function race(script: string, names: readonly [string, string]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-images-'));
  copyFileSync('/bin/sh', join(folder, 'sh'));
  for (const name of names) {
    mkdirSync(join(folder, name));
    copyFileSync('/bin/sh', join(folder, name, `sh${name}`));
  }
  const [first, second] = names;
  const program = script === AGAIN ? join(folder, second, `sh${second}`) : join(folder, 'sh');
  const shell = spawn(
    'setarch',
    ['-R', program, '-c', script, 'sh', script, folder, first, second],
    { stdio: 'ignore', env: { IMAGE: second } },
  );
  const { pid } = shell;
  assert.ok(pid !== undefined);
  const ended = new Promise((resolve) => shell.once('exit', resolve));
  try {
    const cache = new ProcessMetadataCache({ capacity: 10, logger: null });
    const seen = new Set<string>();
    const deadline = performance.now() + 20_000;
    let complete = 0;
    while (complete < ENOUGH && performance.now() < deadline) {
      await new Promise((next) => setTimeout(next, 0));
      // One by one, so that an exec falls between two of them often.
      const entry = cache.getOrLoad(pid);
      const [image, exe] = [entry?.environVar('IMAGE'), entry?.exe];
      const name = entry?.cmdline?.[7];
      // The fields of an image that is gone cannot be had.
      if (image === undefined || name === undefined || exe === undefined) continue;
      // It is still `setarch`, which has other arguments.
      if (!exe.startsWith(folder)) continue;
      assert.equal(image, name, 'environment and arguments of one image');
      if (script === AGAIN) {
        assert.equal(exe, join(folder, image, `sh${image}`));
        assert.equal(entry?.comm, `sh${image}`);
      }
      seen.add(image);
      complete++;
    }
    assert.deepEqual([...seen].sort(), [...names].sort());
    assert.ok(complete >= ENOUGH || performance.now() >= deadline);
  } finally {
    shell.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  }
}

test('programs of equal size with arguments of equal lengths do not mix', { skip }, () =>
  race(AGAIN, ['a', 'b']),
);

test('one program with arguments that differ by a byte in length does not mix', { skip }, () =>
  race(LONGER, ['a', 'bc']),
);

test('which layouts are fixed', () => {
  // The end of the environment, below the top of the stack: x86-64, aarch64, and 32 bits on both.
  for (const top of [0x7fff_ffff_f000, 0xffff_ffff_f000, 0xffff_e000, 0xffff_0000]) {
    assert.ok(isFixedLayout(top - 8 - '/bin/sh'.length - 1), top.toString(16));
    assert.ok(isFixedLayout(top - 8 - 4096), top.toString(16));
  }
  for (const random of [0x7ffd_8c5d_2fe6, 0x7fff_ff00_0fe6, 0xffff_c6a1_2fe9, 0xff9a_6ff1]) {
    assert.ok(!isFixedLayout(random), random.toString(16));
  }
});
