/**
 * Before Linux 6.16 no tracepoint says that a thread is back on its CPU. The function that ends a switch does: its
 * name has what the compiler made of it (`finish_task_switch.isra.0`), so it is looked up in the kernel's list.
 */

import { release } from 'node:os';
import { type BpfLink, type BpfProgram, SystemError } from '@waggle/ffi';
import { readKallsyms } from '@waggle/symbols';
import { BadOption } from '../../errors/errors.ts';

const FUNCTION = /^[0-9a-f]+ [tT] (finish_task_switch(?:\.[\w.]+)?)$/gm;
const KPROBES = /^[0-9a-f]+ [tT] register_kprobe$/m;
/** Parts that run now and then, and that the compiler has moved away. */
const RARE_PART = /\.cold(?:\.|$)/;

/** @param symbols as /proc/kallsyms has them */
export function switchFunctions(symbols: string): string[] {
  const names = Array.from(symbols.matchAll(FUNCTION), ([, name = '']) => name);
  return [...new Set(names)].filter((name) => !RARE_PART.test(name));
}

/** Whether this kernel has kprobes, and that function. @param symbols as /proc/kallsyms has them */
export function canProbeSwitches(symbols: string): boolean {
  return KPROBES.test(symbols) && switchFunctions(symbols).length > 0;
}

/** @throws BadOption where this kernel cannot say who comes back. */
export function attachToSwitches(program: BpfProgram): BpfLink[] {
  const names = switchFunctions(readKallsyms());
  const links: BpfLink[] = [];
  try {
    for (const name of names) links.push(program.attachKprobe(name, 0, 0n));
  } catch (error) {
    for (const link of links) link.close();
    if (!(error instanceof SystemError)) throw error;
    throw refused(`its ${names.join(', ')} cannot be probed (${error.code})`);
  }
  if (links.length === 0) throw refused('it has no function finish_task_switch');
  return links;
}

function refused(why: string): BadOption {
  return new BadOption({
    option: 'off-cpu',
    message: `time off the CPU needs Linux 6.16, or kprobes (CONFIG_KPROBES); this is ${release()}, and ${why}`,
  });
}
