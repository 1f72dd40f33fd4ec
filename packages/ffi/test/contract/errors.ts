// Errors, the clock and what libbpf says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { bootToRealtimeOffset, clockNanoseconds, errnoName, SystemError } from '../../src/index.ts';
import { type Case, openObject } from '../support/case.ts';
import { bpfObject, cProgramOf } from '../support/compile.ts';

export const errorCases: readonly Case[] = [
  {
    name: 'errors: errno values have their common names',
    run() {
      const names = [1, 2, 11, 22, 524, 4003, 9999].map(errnoName);
      assert.deepEqual(names, [
        'EPERM',
        'ENOENT',
        'EAGAIN',
        'EINVAL',
        'ENOTSUPP',
        'LIBBPF_ENDIAN',
        'ERRNO_9999',
      ]);
    },
  },
  {
    name: 'errors: every errno of this Linux has its name',
    run() {
      const source = `#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
int main(void) {
  for (int code = 1; code <= 133; code++) puts(strerrorname_np(code) ?: "");
}
`;
      const { stdout } = spawnSync(cProgramOf('errno-names', source), { encoding: 'utf8' });
      const theirs = stdout.split('\n').slice(0, 133);
      assert.equal(theirs[79], 'ELIBBAD');
      // The C library may have the other name of the same value.
      const aliases: Record<string, string> = { ENOTSUP: 'EOPNOTSUPP', EDEADLOCK: 'EDEADLK' };
      for (const [index, name] of theirs.entries())
        if (name) assert.equal(errnoName(index + 1), aliases[name] ?? name);
        else assert.equal(errnoName(index + 1), `ERRNO_${index + 1}`);
      const own = [512, 513, 514, 515, 516, 517, 518, 519, 521, 524, 531].map(errnoName);
      assert.ok(own.every((name) => !name.startsWith('ERRNO_')));
    },
  },
  {
    name: 'errors: a message has the last lines of the log, the log has all',
    run() {
      const log = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('');
      const error = new SystemError('load x', 22, log);
      assert.equal(error.code, 'EINVAL');
      assert.equal(error.log, log);
      assert.match(error.message, /^load x: EINVAL\nline 14\n[\s\S]*line 19$/);
    },
  },
  {
    name: 'errors: mmap of a bad descriptor is EBADF, not a crash',
    run(native) {
      assert.throws(() => native.map('map nothing', 1 << 20, native.pageSize, false, 0), {
        name: 'SystemError',
        code: 'EBADF',
        operation: 'map nothing',
      });
    },
  },
  {
    name: 'clock: boot time plus the offset is the time of day',
    run(native) {
      const time = clockNanoseconds(native, 'boottime') + bootToRealtimeOffset(native);
      const milliseconds = Number(time / 1_000_000n);
      assert.ok(Math.abs(milliseconds - Date.now()) < 100, `${milliseconds} is not now`);
      assert.ok(clockNanoseconds(native, 'monotonic') <= clockNanoseconds(native, 'boottime'));
    },
  },
  {
    name: 'messages: what libbpf says is in the error and not on stderr',
    needs: 'root',
    run() {
      const script = fileURLToPath(new URL('../support/refused-load.ts', import.meta.url));
      const flags = process.versions.deno ? ['run', '-A', '--no-check', '--no-lock'] : [];
      const child = spawnSync(process.execPath, [...flags, script, bpfObject('refused')], {
        encoding: 'utf8',
      });
      assert.equal(child.stderr, '');
      assert.match(child.stdout, /EACCES[\s\S]*BEGIN PROG LOAD LOG/);
    },
  },
  {
    name: 'messages: those of one call do not show up in the next error',
    needs: 'root',
    run(native) {
      assert.throws(() => openObject(native, 'refused').load(), { code: 'EACCES' });
      using file = openObject(native, 'maps');
      assert.throws(() => file.setMaxEntries('absent', 1), RangeError);
      assert.throws(
        () => native.check('close nothing', () => -9),
        (error) => error instanceof SystemError && error.log === '' && error.code === 'EBADF',
      );
    },
  },
];
