/**
 * What a process has used by its end, from the bytes of its exit record: for who has no event of it.
 */

import { exitRecord, recordFlags, recordHeader, u53 } from '@waggle/bpf';
import type { ProcessUsage } from '@waggle/cache';

const EXIT = exitRecord.offset;

/** @param place of the record */
export function usageAt(view: DataView, place: number): ProcessUsage {
  const flags = view.getUint16(place + recordHeader.offset.flags, true);
  const countsIo = (flags & recordFlags.RECORD_WITHOUT_IO) === 0;
  return {
    userNs: view.getBigUint64(place + EXIT.user_ns, true),
    systemNs: view.getBigUint64(place + EXIT.system_ns, true),
    maxRssBytes: view.getBigUint64(place + EXIT.max_rss_bytes, true),
    majorFaults: u53(view, place + EXIT.major_faults),
    readBytes: countsIo ? view.getBigUint64(place + EXIT.read_bytes, true) : null,
    writeBytes: countsIo ? view.getBigUint64(place + EXIT.write_bytes, true) : null,
    voluntarySwitches: u53(view, place + EXIT.voluntary_switches),
    involuntarySwitches: u53(view, place + EXIT.involuntary_switches),
  };
}

/** The same of an event, without the rest of it. */
export function usageOf(event: ProcessUsage): ProcessUsage {
  const { userNs, systemNs, maxRssBytes, majorFaults, readBytes, writeBytes } = event;
  const { voluntarySwitches, involuntarySwitches } = event;
  return {
    ...{ userNs, systemNs, maxRssBytes, majorFaults, readBytes, writeBytes },
    ...{ voluntarySwitches, involuntarySwitches },
  };
}
