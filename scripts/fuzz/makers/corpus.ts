// Where made inputs go, and the tools of the system that help to make them.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const corpus = join(import.meta.dir, '../corpus');
/** Where compilers work. The one who makes the corpus removes it. */
export const workshop = mkdtempSync(join(tmpdir(), 'waggle-corpus-'));

export function put(target: string, name: string, content: string | Uint8Array): void {
  mkdirSync(join(corpus, target), { recursive: true });
  writeFileSync(join(corpus, target, `made-${name}`), content);
}

export function run(...command: string[]): void {
  const { success, stderr } = Bun.spawnSync(command, { cwd: workshop });
  if (!success) throw new Error(`${command.join(' ')}: ${stderr}`);
}
