// Exec audit: one JSON object a line for every program that is executed, with filters and with
// passwords in arguments blacked out.
//
//   waggle run examples/exec-audit.ts --uid 1000 --comm '^(curl|wget)$' --mark setuid

import { parseArgs } from 'node:util';
import { defineAgent, definePlugin, type ExecEvent } from '@waggle/core';

/** The value behind these, as `--password X`, `--password=X` or `-pX`, is nobody's business. */
const SECRET_FLAG = /^(--?(?:password|passwd|token|secret|api-?key))(=.*)?$/i;

export function blackOut(argv: readonly string[]): string[] {
  return argv.map((word, index) => {
    const [, flag, value] = SECRET_FLAG.exec(word) ?? [];
    if (flag !== undefined) return value === undefined ? word : `${flag}=***`;
    return SECRET_FLAG.exec(argv[index - 1] ?? '')?.[2] === undefined &&
      SECRET_FLAG.test(argv[index - 1] ?? '')
      ? '***'
      : word;
  });
}

const audit = (wanted: (event: ExecEvent) => boolean) =>
  definePlugin({
    name: 'exec-audit',
    // An audit must not have holes: rather wait, until the ring buffer counts what it drops.
    queue: { whenFull: 'block' },
    setup: () => ({
      observe: {
        exec(event) {
          if (!wanted(event)) return;
          const { detail } = event;
          const record = {
            time: new Date(Number(event.time / 1_000_000n)).toISOString(),
            id: event.processId,
            parent: event.parentProcessId,
            uid: event.uid,
            loginUid: detail?.loginUid ?? null,
            container: event.containerId,
            exe: detail?.exe ?? event.filename,
            cwd: detail?.cwd ?? null,
            argv: blackOut(event.argv),
            marks: detail?.flags ?? [],
          };
          process.stdout.write(`${JSON.stringify(record)}\n`);
        },
        lost(event) {
          process.stdout.write(`${JSON.stringify({ lost: event.count })}\n`);
        },
      },
    }),
  });

export default (args: string[]) => {
  const { values } = parseArgs({
    args,
    options: { uid: { type: 'string' }, comm: { type: 'string' }, mark: { type: 'string' } },
  });
  const comm = new RegExp(values.comm ?? '');
  return defineAgent({
    plugins: [
      audit(
        ({ uid, detail, ...event }) =>
          comm.test(event.comm) &&
          (values.uid === undefined || uid === Number(values.uid)) &&
          (values.mark === undefined ||
            (detail?.flags.some((flag) => flag === values.mark) ?? false)),
      ),
    ],
  });
};
