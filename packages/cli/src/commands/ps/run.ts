// `waggle ps`: what the process cache knows of some processes. It needs no BPF and no root, but
// other users' processes show less without CAP_SYS_PTRACE.

import { ProcessMetadataCache } from '@waggle/cache';
import { printable, stringifyJson } from '@waggle/core';
import { FAILED } from '../../exit-code.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import { commandLine, shellWord } from '../../terminal/shell-words.ts';
import { palette } from '../../terminal/text.ts';
import type { PsOptions } from './options.ts';

type Fields = Readonly<Record<string, unknown>>;

export async function runPs(pids: readonly number[], options: PsOptions): Promise<number> {
  using cache = new ProcessMetadataCache({ capacity: pids.length });
  const output = new Output();
  let code = 0;
  for (const [index, pid] of pids.entries()) {
    const entry = cache.getOrLoad(pid)?.load();
    if (entry === undefined) {
      say(`no process has the pid ${pid}; \`ps -e\` lists those that run`);
      code = FAILED;
      continue;
    }
    const fields = entry.inspect({ reveal: options.reveal === true });
    if (options.json) await output.write(`${stringifyJson(fields)}\n`);
    else await output.write(`${index > 0 ? '\n' : ''}${table(fields)}`);
  }
  return code;
}

function table(fields: Fields): string {
  const colour = palette(process.stdout.isTTY);
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields)
    .map(([name, value]) => `${colour.bold(name.padEnd(width))}  ${shown(name, value)}\n`)
    .join('');
}

function shown(name: string, value: unknown): string {
  if (Array.isArray(value)) {
    const parts = value.map(String);
    return name === 'cmdline' ? commandLine(parts) : parts.map(printable).join(' ');
  }
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([key, text]) => `${printable(key)}=${shellWord(String(text))}`)
      .join(' ');
  return printable(String(value));
}
