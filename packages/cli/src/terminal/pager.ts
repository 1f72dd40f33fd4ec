/**
 * Help that is longer than the terminal goes through a pager, as that of git and man does: WAGGLE_PAGER or PAGER, else
 * less. `cat`, or nothing, means none.
 */

import { isTerminal } from './is-terminal.ts';

const STDOUT = 1;
/** Quits where all fits, keeps colours, leaves the screen as it is. */
const LESS = 'FRX';

/** The line for a shell; undefined where there is to be none. */
export function pagerOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env.WAGGLE_PAGER ?? env.PAGER ?? 'less';
  return named.trim() === '' || named.trim() === 'cat' ? undefined : named;
}

/** @returns false where it has to be written without one */
export function showByPager(text: string, env = process.env): boolean {
  if (!isTerminal(STDOUT) || !isTerminal(0)) return false;
  const pager = pagerOf(env);
  if (pager === undefined || text.split('\n').length < process.stdout.rows) return false;
  // Not imported: it takes the runtime some milliseconds to load.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status } = spawnSync('/bin/sh', ['-c', pager], {
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...env, LESS: env.LESS ?? LESS },
  });
  // 127: there is no such pager.
  return status !== null && status < 126;
}
