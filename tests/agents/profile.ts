// An agent for tests, on any runtime: profiles the host while a command runs, and prints the stacks of
// that, folded.

import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import process from 'node:process';
import { createAgent } from '@waggle/core';

const [file = '', ...args] = process.argv.slice(2);
const comm = basename(file).slice(0, 15);
const agent = await createAgent({ profile: { frequencyHz: 999 }, stopOn: [] });
const child = spawn(file, args, { stdio: 'ignore' });
await new Promise((resolve) => {
  child.once('exit', resolve);
});
const { stacks } = await agent.collect();
for (const { frames, count } of stacks) {
  const names = frames.map(({ name }) => name.replaceAll(/[;\n]/g, '_'));
  if (names[0] === comm) console.log(`${names.join(';')} ${count}`);
}
await agent.stop();
