/**
 * What a probe of this machine can answer. Three answers, not two: "permission denied" must not
 * look like "the kernel has no such thing".
 */

type ProbeState = 'works' | 'missing' | 'inconclusive';

export interface ProbeResult {
  readonly state: ProbeState;
  /** What was found. */
  readonly detail: string;
  /** What to do about it; absent when it works. */
  readonly advice?: string;
}

export interface Probe {
  readonly name: string;
  /** Without it neither trace nor record works. */
  readonly required: boolean;
  readonly run: () => ProbeResult | Promise<ProbeResult>;
}

export interface ProbeReport extends ProbeResult {
  readonly name: string;
  readonly required: boolean;
}

export const works = (detail: string): ProbeResult => ({ state: 'works', detail });
export const missing = (detail: string, advice: string): ProbeResult => ({
  state: 'missing',
  detail,
  advice,
});
export const inconclusive = (detail: string, advice: string): ProbeResult => ({
  state: 'inconclusive',
  detail,
  advice,
});
