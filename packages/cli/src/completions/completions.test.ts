// What the shells offer, asked of the shells themselves.

import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { bashCompletion } from './bash.ts';
import { described } from './described.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const main = resolve(import.meta.dir, '../main.ts');

type Shell = 'bash' | 'zsh' | 'fish';

/** What the shell offers at the end of the line, in any order. */
async function offers(shell: Shell, script: string, line: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-completion-'));
  try {
    const file = join(folder, 'completion');
    writeFileSync(file, script);
    writeFileSync(join(folder, 'stacks.folded'), '');
    const child = Bun.spawn(asking(shell, file, line), {
      cwd: folder,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { PATH: process.env.PATH ?? '', HOME: folder, TERM: 'dumb' },
      timeout: 20_000,
    });
    const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect({ errors, code: await child.exited }).toEqual({ errors: '', code: 0 });
    const words = text.split('\n').map((each) => each.split('\t', 1)[0]?.trim() ?? '');
    return [...new Set(words.filter((word) => word !== ''))].sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function asking(shell: Shell, file: string, line: string): string[] {
  if (shell === 'fish')
    return ['fish', '--no-config', '-c', `source ${file}; complete -C ${quoted(line)}`];
  if (shell === 'zsh')
    return ['zsh', '-f', resolve(import.meta.dir, '../../test/zsh-words.zsh'), file, line];
  // Words as bash splits them for a completion: at = too.
  const ask = `source ${file}
COMP_WORDS=(${line
    .split(/ +|(=)/)
    .filter(Boolean)
    .map(quoted)
    .join(' ')}${line.endsWith(' ') ? " ''" : ''})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_waggle
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return ['bash', '--norc', '--noprofile', '-c', ask];
}

function quoted(text: string): string {
  return `'${text}'`;
}

async function printed(shell: Shell): Promise<string> {
  const child = Bun.spawn([process.execPath, main, 'completions', shell], { stderr: 'pipe' });
  return await child.stdout.text();
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const isHere = Bun.which(shell) !== null;
  const shellTest = (promise: string, body: () => Promise<void>) => {
    if (isHere) test(promise, body, 60_000);
    else test.skip(`${promise} [optional] [skipped: ${shell} is not installed]`, body);
  };

  describe(shell, () => {
    shellTest('offers commands, options, and what options take', async () => {
      const script = await printed(shell);
      const at = (line: string) => offers(shell, script, line);
      expect(await at('waggle ')).toEqual(
        expect.arrayContaining(['trace', 'record', 'top', 'doctor', 'completions']),
      );
      expect(await at('waggle rec')).toEqual(['record']);
      expect(await at('waggle record --unw')).toEqual(['--unwind']);
      expect(await at('waggle record --unwind ')).toEqual(['auto', 'dwarf', 'fp']);
      expect(
        (await at('waggle record --unwind=dw')).map((word) => word.replace(/.*=/, '')),
      ).toEqual(['dwarf']);
      expect(await at('waggle record -o stack')).toEqual(['stacks.folded']);
      expect(await at('waggle convert stack')).toEqual(['stacks.folded']);
      expect(await at('waggle record --as roo')).toEqual(['root']);
      expect(await at('waggle bpf ')).toEqual(['build']);
      expect(await at('waggle bpf build --ch')).toEqual(['--check']);
      expect(await at('waggle completions ')).toEqual(['bash', 'fish', 'zsh']);
      expect(await at('waggle ps 1')).toContain('1');
    });

    shellTest('leaves a program its own words', async () => {
      const script = await printed(shell);
      expect(await offers(shell, script, 'waggle trace -- basenam')).toEqual(['basename']);
      expect(await offers(shell, script, 'waggle trace -- cat stack')).toEqual(['stacks.folded']);
      expect(await offers(shell, script, 'waggle trace -- cat --js')).toEqual([]);
    });

    shellTest('takes descriptions and words of any kind as they are', async () => {
      const program = new Command('waggle').addCommand(
        new Command('odd')
          .description(`it's "[odd]": \\$HOME \`x\` (really)`)
          .addOption(new Option('--quote <how>', "don't [do]: $(x) \\").choices(['a', 'b-c']))
          .addArgument(new Argument('<what>', 'of two').choices(['one', 'two'])),
      );
      const complete = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }[shell];
      const script = complete(described(program));
      expect(await offers(shell, script, 'waggle o')).toEqual(['odd']);
      expect(await offers(shell, script, 'waggle odd --q')).toEqual(['--quote']);
      expect(await offers(shell, script, 'waggle odd --quote ')).toEqual(['a', 'b-c']);
      expect(await offers(shell, script, 'waggle odd t')).toEqual(['two']);
    });
  });
}

test('no option of the command is left out', async () => {
  const script = await printed('bash');
  for (const name of ['--off-cpu', '--send-arguments', '--rotate', '--no-mouse', '--import-from'])
    expect(script).toContain(name);
});
