/** A span of the API, which counts milliseconds, as a store is asked for it. */

import { type HistorySpan, toNs } from '@waggle/store';
import type { Span } from '../store/span.ts';

export const spanInNs = ({ from, to }: Span): HistorySpan => ({
  sinceNs: toNs(from),
  untilNs: toNs(to),
});
