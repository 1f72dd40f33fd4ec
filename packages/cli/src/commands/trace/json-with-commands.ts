/** `--json --shell-command`: the lines of --json, those of execs with the program as it can be pasted into a shell. */

import type { Plugin, ProcessEvent } from '@waggle/core';
import { EventJson, type EventOutputOptions, lineOutput } from '@waggle/core/plugins/event-output';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { inheritance } from '@waggle/ffi';
import { shellCommand, stringifyJson } from '@waggle/text';

type ExecEvent = Extract<ProcessEvent, { readonly event: 'exec' }>;

/** Of programs that may have children; beyond that the oldest are asked of /proc, as those before us are. */
const MAX_ENVIRONMENTS = 4096;

/** @param withEnviron the whole environment is wanted too */
export function jsonLinesWithCommands(options: EventOutputOptions, withEnviron: boolean): Plugin {
  const json = new EventJson();
  const environments = new Environments();
  return lineOutput({
    ...options,
    name: 'json-lines',
    needs: { processes: ProcessMetadata },
    notice: (notice) => json.noticeLine(notice),
    line(event, { processes }) {
      if (event.event === 'exit') environments.forget(event);
      if (event.event !== 'exec') return json.line(event);
      environments.note(event);
      const parentEnviron =
        (event.ppid === process.pid ? ownEnvironment() : undefined) ??
        environments.of(event.ppid, event.parentStartTime) ??
        listOf(processes.getOrLoad(event.ppid)?.environ?.reveal());
      const command = event.argvTruncated
        ? null
        : shellCommand({
            filename: event.filename,
            argv: event.argv,
            cwd: event.detail?.cwdTruncated ? null : event.detail?.cwd,
            stdio: event.detail?.stdio,
            environ: event.environTruncated ? null : event.environ,
            parentEnviron,
          });
      const fields = json.fields(withEnviron ? event : { ...event, environ: null });
      return `${stringifyJson({ ...fields, shellCommand: command })}\n`;
    },
  });
}

/** What a command of ours would have had without us. */
function ownEnvironment(): string[] {
  const decoder = new TextDecoder();
  return inheritance()
    .environment()
    .map((entry) => (typeof entry === 'string' ? entry : decoder.decode(entry)));
}

function listOf(variables: ReadonlyMap<string, string> | undefined): string[] | undefined {
  return variables && [...variables].map(([name, value]) => `${name}=${value}`);
}

/** What each process had at its last exec: its children may have the same. */
class Environments {
  readonly #known = new Map<string, readonly string[]>();

  note({ pid, startTime, environ, environTruncated }: ExecEvent): void {
    const key = keyOf(pid, startTime);
    this.#known.delete(key);
    if (environ === null || environTruncated) return;
    this.#known.set(key, environ);
    if (this.#known.size <= MAX_ENVIRONMENTS) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  of(pid: number, startTime: bigint): readonly string[] | undefined {
    return this.#known.get(keyOf(pid, startTime));
  }

  forget({ pid, startTime }: { readonly pid: number; readonly startTime: bigint }): void {
    this.#known.delete(keyOf(pid, startTime));
  }
}

const keyOf = (pid: number, startTime: bigint): string => `${pid}-${startTime}`;
