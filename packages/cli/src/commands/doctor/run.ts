/** `waggle doctor`: examines the host and prints the table. */

import { printable, stringifyJson } from '@waggle/text';
import { examineHost } from '../../doctor/examine.ts';
import type { ProbeReport } from '../../doctor/probe.ts';
import { FAILED } from '../../exit-code.ts';
import { Output } from '../../terminal/output.ts';
import { palette } from '../../terminal/text.ts';
import type { DoctorOptions } from './options.ts';

export async function runDoctor(options: DoctorOptions): Promise<number> {
  const reports = await examineHost();
  const text = options.json ? `${stringifyJson(reports, 2)}\n` : table(reports);
  await new Output().write(text);
  return reports.some((report) => report.required && report.state !== 'works') ? FAILED : 0;
}

function table(reports: readonly ProbeReport[]): string {
  const colour = palette(process.stdout.isTTY);
  const mark: Record<ProbeReport['state'], string> = {
    works: colour.green('works  '),
    missing: colour.red('missing'),
    inconclusive: colour.yellow('unknown'),
  };
  const width = Math.max(...reports.map(({ name }) => name.length));
  return reports
    .map(({ name, state, detail, advice, required }) => {
      const line = `${mark[state]}  ${name.padEnd(width)}  ${printable(detail)}`;
      const need = required ? '' : ' (optional)';
      return advice === undefined
        ? `${line}\n`
        : `${line}\n         ${' '.repeat(width)}→ ${advice}${need}\n`;
    })
    .join('');
}
