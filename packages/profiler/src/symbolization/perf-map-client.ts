/**
 * Has perf maps scanned by a thread of their own: beside the one that reads objects, so that neither waits
 * for what somebody wrote to keep the other busy. It is started with the first scan; most recordings have
 * none.
 */

import type { PerfMapScan, ScannedPerfMap } from '@waggle/symbols';
import type { PerfMapReader } from '../mappings/perf-map-scanner.ts';
import { SymbolizationClient } from './symbolization-client.ts';

export class PerfMapClient implements PerfMapReader {
  #reader: SymbolizationClient | undefined;

  async scan(fd: number, scan: PerfMapScan, maxMs: number): Promise<ScannedPerfMap | undefined> {
    this.#reader ??= new SymbolizationClient({ lines: false });
    const { scanned } = await this.#reader.ask({ kind: 'perf-map', fd, scan }, () => maxMs);
    return scanned;
  }

  end(): void {
    this.#reader?.end();
  }

  [Symbol.dispose](): void {
    this.#reader?.[Symbol.dispose]();
  }
}
