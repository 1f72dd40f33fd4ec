/** Who listens elsewhere than on loopback is told what that means. */

import { isLoopback } from '@waggle/serve';
import type { ListenAddress } from '../../options/listen.ts';
import { say } from '../../terminal/messages.ts';

export function warnOfListening(
  { hostname: host }: ListenAddress,
  allowHost: readonly string[] | undefined,
): void {
  if (isLoopback(host)) return;
  say(
    `warning: ${host} can be reached from other machines, and what is served is not encrypted: the token and everything else can be read on the way. ${
      allowHost === undefined
        ? 'Listen on loopback behind a proxy that speaks TLS (--allow-host NAME), or reach it by ssh -L.'
        : 'Let only the proxy reach it.'
    }`,
  );
}
