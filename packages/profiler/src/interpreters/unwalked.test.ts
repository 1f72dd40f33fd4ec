import { expect, test } from 'bun:test';
import { ElfImage } from '@waggle/symbols';
import { elfWithSymbols } from '../../../symbols/test/build-elf.ts';
import { KnownInterpreters } from './index.ts';

const known = new KnownInterpreters();

function fileWith(...names: string[]): ElfImage {
  return ElfImage.parse(
    elfWithSymbols(names.map((name) => ({ name, value: 0x1000, size: 0x100, type: 2 }))),
  );
}

test('what is not walked is told by what it exports', () => {
  expect(known.recognise(fileWith('main', 'ruby_run_node'))).toEqual({ unknown: 'Ruby' });
  expect(known.recognise(fileWith('Perl_runops_standard'))).toEqual({ unknown: 'Perl' });
  expect(known.recognise(fileWith('zend_execute_scripts'))).toEqual({ unknown: 'PHP' });
  expect(known.recognise(fileWith('PyEval_EvalFrameEx'))).toEqual({
    unknown: 'CPython before 3.7',
  });
  expect(known.recognise(fileWith('main'))).toBeUndefined();
});

test('its table is as any other: nothing waits for it', () => {
  expect(known.in(fileWith('Perl_runops_standard'))).toBeUndefined();
  expect(known.hasUsualName('/usr/bin/perl')).toBe(false);
});
