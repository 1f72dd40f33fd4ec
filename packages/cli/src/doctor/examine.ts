/** Runs the whole table of probes. One that fails to answer is itself an answer. */

import { HOST_PROBES } from './host-probes.ts';
import { KERNEL_PROBES } from './kernel-probes.ts';
import { inconclusive, type Probe, type ProbeReport } from './probe.ts';

const PROBES: readonly Probe[] = [...HOST_PROBES, ...KERNEL_PROBES];

/** Every capability of this machine, whether it works, and what to do if not. */
export async function examineHost(probes = PROBES): Promise<ProbeReport[]> {
  const reports: ProbeReport[] = [];
  for (const { name, required, run } of probes) {
    try {
      reports.push({ name, required, ...(await run()) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      reports.push({ name, required, ...inconclusive(why, 'the probe itself failed') });
    }
  }
  return reports;
}
