/** Interpreters that are known, and not walked: so that somebody who samples one is told why its functions are missing. */

import { type ElfImage, findSymbols } from '@waggle/symbols';
import type { Interpreter, UnknownInterpreter } from './interpreter.ts';

/** What each exports, be it a program or a library, since its extensions need it. */
const BY_SYMBOL: Readonly<Record<string, string>> = {
  rb_vm_exec: 'Ruby',
  ruby_run_node: 'Ruby',
  Perl_runops_standard: 'Perl',
  zend_execute_scripts: 'PHP',
  // Of CPython with `_PyRuntime`, since 3.7, more is known (cpython/).
  PyEval_EvalFrameEx: 'CPython before 3.7',
};

export const unwalked: Interpreter = {
  name: 'unwalked',
  // None: it is only of interest once a sample has met it.
  fileNames: /^(?!)/,
  recognise,
};

function recognise(elf: ElfImage): UnknownInterpreter | undefined {
  const [symbol] = findSymbols(elf, Object.keys(BY_SYMBOL)).keys();
  const unknown = symbol === undefined ? undefined : BY_SYMBOL[symbol];
  return unknown === undefined ? undefined : { unknown };
}
