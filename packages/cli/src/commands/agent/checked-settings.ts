/** What the agent runs by, looked at as a whole before anything is opened: what does not go together is said at once. */

import { OtlpOptionError, OtlpTarget } from '@waggle/otlp';
import { isLoopback } from '@waggle/serve';
import { printable } from '@waggle/text';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { tokenOf } from '../serve/token.ts';
import { BadAgentConfig, settingsOf } from './config.ts';
import type { AgentOptions, AgentSettings } from './options.ts';

export interface CheckedSettings {
  readonly settings: AgentSettings;
  /** What who asks has to prove; undefined where nobody has to. */
  readonly token: string | undefined;
}

/** In words for people. */
interface Refusal {
  readonly problem: string;
  readonly exitCode: number;
}

/** Reads the agent's file, those of the receiver, and the token's, which is made where it is not there. */
export function checkedSettings(options: AgentOptions): CheckedSettings | Refusal {
  let settings: AgentSettings;
  try {
    settings = settingsOf(options);
    // Its files are read, and what is wrong with it is said at once.
    if (settings.otlp !== undefined) new OtlpTarget(settings.otlp.target);
  } catch (error) {
    if (!(error instanceof BadAgentConfig || error instanceof OtlpOptionError)) throw error;
    return { problem: printable(error.message), exitCode: USAGE_ERROR };
  }
  const problem = needsToken(settings);
  if (problem !== undefined) return { problem, exitCode: USAGE_ERROR };
  const { tokenFile } = settings;
  const found = tokenFile === undefined ? { token: undefined } : tokenOf(tokenFile);
  if ('problem' in found) return { problem: found.problem, exitCode: FAILED };
  return { settings, token: found.token };
}

function needsToken({ metrics, serve, tokenFile }: AgentSettings): string | undefined {
  if (tokenFile !== undefined) return undefined;
  if (metrics !== undefined && !isLoopback(metrics.hostname))
    return `${metrics.hostname} can be reached from other machines: give a --token-file, which Prometheus sends as its bearer token, or listen on 127.0.0.1`;
  if (serve !== undefined)
    return '--serve needs a --token-file, which is made where it is not there: other users of this host are to see no more than they may';
  return undefined;
}
