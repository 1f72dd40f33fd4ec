// `waggle convert`: reads one profile and writes it in other formats. Needs no rights and no kernel.

import { readFile } from 'node:fs/promises';
import { formatForPath, formats, type Profile } from '@waggle/formats';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { planOutputs, unwritable, writeOutputs } from '../../profile-files/outputs.ts';
import { say } from '../../terminal/messages.ts';

export async function runConvert(input: string, paths: readonly string[]): Promise<number> {
  const parse = formatForPath(input)?.parse;
  if (parse === undefined) {
    const readable = formats.flatMap((format) => (format.parse ? format.extensions : []));
    say(`${input}: profiles can be read from ${readable.join(', ')}`);
    return USAGE_ERROR;
  }
  const outputs = planOutputs(paths);
  if (typeof outputs === 'string') {
    say(outputs);
    return USAGE_ERROR;
  }
  const problem = unwritable(outputs);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  let profile: Profile;
  try {
    profile = parse(await readFile(input));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    say(code === 'ENOENT' ? `${input}: there is no such file` : `${input}: ${message}`);
    return FAILED;
  }
  const problems = await writeOutputs(outputs, profile);
  for (const each of problems) say(each);
  return problems.length > 0 ? FAILED : 0;
}
