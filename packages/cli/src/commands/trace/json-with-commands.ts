/** `--json --shell-command`: the lines of --json, those of execs with the program as it can be pasted into a shell. */

import type { Plugin, ProcessEvent } from '@waggle/core';
import { EventJson, type EventOutputOptions, lineOutput } from '@waggle/core/plugins/event-output';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { inheritance } from '@waggle/ffi';
import { shellCommand, stringifyJson } from '@waggle/text';
import { LRUCache } from 'lru-cache';

type ExecEvent = Extract<ProcessEvent, { readonly event: 'exec' }>;

/** Of programs that may have children; beyond that those that started nothing for the longest time are asked of /proc, as those before us are. */
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
  readonly #known = new LRUCache<string, readonly string[]>({ max: MAX_ENVIRONMENTS });

  note({ pid, startTime, environ, environTruncated }: ExecEvent): void {
    const key = keyOf(pid, startTime);
    if (environ === null || environTruncated) this.#known.delete(key);
    else this.#known.set(key, environ);
  }

  of(pid: number, startTime: bigint): readonly string[] | undefined {
    return this.#known.get(keyOf(pid, startTime));
  }

  forget({ pid, startTime }: { readonly pid: number; readonly startTime: bigint }): void {
    this.#known.delete(keyOf(pid, startTime));
  }
}

const keyOf = (pid: number, startTime: bigint): string => `${pid}-${startTime}`;
