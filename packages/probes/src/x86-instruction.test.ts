// Where instructions begin, compared with objdump over the machine's own C library.

import { expect, test } from 'bun:test';
import { ElfImage, EM_X86_64 } from '@waggle/symbols';
import { hostScope } from './probe-scope.ts';
import { x86InstructionLength } from './x86-instruction.ts';

const BYTES = 200_000;

test('every instruction of the C library is as long as objdump says', () => {
  using scope = hostScope();
  const [library] = scope.named('libc');
  if (library === undefined) throw new Error('there is no C library');
  using image = ElfImage.open(library.path);
  if (image.machine !== EM_X86_64) return;
  const text = image.section('.text');
  if (text === undefined) throw new Error('it has no code');
  const end = text.addr + Math.min(text.size, BYTES);
  const { stdout } = Bun.spawnSync([
    ...['objdump', '-d', '-w', '--no-show-raw-insn', `--start-address=${text.addr}`],
    ...[`--stop-address=${end}`, library.path],
  ]);
  const listed = [...stdout.toString().matchAll(/^\s*([0-9a-f]+):\t(\S+)/gm)].map(
    ([, address = '', word = '']) => ({ at: Number.parseInt(address, 16), word }),
  );
  expect(listed.length).toBeGreaterThan(10_000);
  const code = image.readMapped(text.addr, BYTES + 16);
  const wrong = listed.slice(0, -1).filter(({ at, word }, index) => {
    const length = (listed[index + 1]?.at ?? 0) - at;
    // What objdump cannot read either, and functions that end before the next begins.
    if (word === '(bad)' || length > 15) return false;
    return x86InstructionLength(code, at - text.addr) !== length;
  });
  expect(wrong).toEqual([]);
});
