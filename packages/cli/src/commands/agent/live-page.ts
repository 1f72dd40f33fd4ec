/** `waggle agent --serve`: the page of `waggle serve`, of the session that the agent has already. */

import { hostname, uptime } from 'node:os';
import { RealProcfs } from '@waggle/cache';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import type { Session } from '@waggle/core/session';
import { onlineCpus } from '@waggle/ffi';
import { LiveServer } from '@waggle/serve';
import packageJson from '../../../package.json' with { type: 'json' };
import { describeBy } from '../../live-session/describe.ts';
import { type ListenAddress, whyNotListening } from '../../options/listen.ts';
import { say } from '../../terminal/messages.ts';
import type { AgentOutput } from './outputs.ts';
import { type ProfileSpans, SPAN_MS } from './profile-spans.ts';

/** What was before is in the store. */
const KEEP_MS = 5 * 60_000;

export interface LivePage extends AsyncDisposable {
  /** Without the token, which is in its file. */
  readonly url: string;
  readonly output: AgentOutput;
}

/** @returns in words why there is none */
export function openLivePage(
  address: ListenAddress,
  token: string,
  reveal: boolean,
  session: Session,
  spans: ProfileSpans,
  frequencyHz: number,
): LivePage | string {
  try {
    const server = new LiveServer({
      ...address,
      ...{ token, reveal, frequencyHz },
      host: hostname(),
      version: packageJson.version,
      cpus: onlineCpus().length,
      procfs: new RealProcfs(),
      bootTimeMs: Date.now() - uptime() * 1000,
      keepMs: KEEP_MS,
      collectEveryMs: SPAN_MS,
      describe: describeBy(session.service(ProcessMetadata)),
      collect: () => spans.sinceLastLook(),
      failed: (error) => say(`warning: ${error instanceof Error ? error.message : String(error)}`),
    });
    return {
      url: server.url.replace(/#.*$/, ''),
      output: {
        addEvents: (events) => server.addEvents(events),
        // It asks for them.
        addProfile: () => {},
        metrics: () => [],
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    return whyNotListening(address, error);
  }
}
