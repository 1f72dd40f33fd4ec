/** Which time is shown, in the order in which the keys go through it. */

import type { Mode } from '../model/samples.ts';

const WINDOWS_MS = [1000, 5000, 10_000, 30_000, 60_000, 300_000] as const;

/** `m`: how old samples leave the picture. */
export function nextMode({ kind }: Mode): Mode {
  if (kind === 'window') return { kind: 'all' };
  return kind === 'all' ? { kind: 'decay' } : { kind: 'window', ms: 10_000 };
}

/** `[` and `]`: a shorter or a longer window. */
export function otherWindow(mode: Mode, step: 1 | -1): Mode {
  if (mode.kind !== 'window') return { kind: 'window', ms: 10_000 };
  const at = (WINDOWS_MS as readonly number[]).indexOf(mode.ms);
  const ms = WINDOWS_MS[Math.min(Math.max(at + step, 0), WINDOWS_MS.length - 1)];
  return { kind: 'window', ms: ms ?? 10_000 };
}

export function modeText(mode: Mode): string {
  if (mode.kind === 'all') return 'since start';
  if (mode.kind === 'decay') return 'fading';
  return mode.ms < 60_000 ? `last ${mode.ms / 1000} s` : `last ${mode.ms / 60_000} min`;
}
