/** What `waggle agent` is asked for: on its command line, or in its file. */

import type { OtlpProtocol, OtlpTargetOptions, Signal } from '@waggle/otlp';
import type { ListenAddress } from '../../options/listen.ts';
import type { BudgetLimits } from './budget.ts';

export interface AgentSettings {
  /** Nowhere: what is seen only goes to others. */
  readonly store: string | undefined;
  readonly keepSeconds: number;
  readonly maxBytes: number;
  readonly frequency: number;
  readonly budget: BudgetLimits;
  readonly metrics: ListenAddress | undefined;
  /** The page of `waggle serve`. */
  readonly serve: ListenAddress | undefined;
  readonly tokenFile: string | undefined;
  readonly otlp: OtlpSettings | undefined;
  readonly redact: readonly RegExp[];
  readonly reveal: boolean;
}

export interface OtlpSettings {
  readonly target: OtlpTargetOptions;
  readonly signals: readonly Signal[];
  readonly resource: Readonly<Record<string, string>>;
  /** Where what is to be sent waits. */
  readonly spool: string;
  readonly maxSpoolBytes: number;
}

/** As command.ts reads them: what is not given is the file's, or the default. */
export interface AgentOptions extends OtlpOptions {
  readonly config?: string;
  /** false for none. */
  readonly store?: string | false;
  readonly keep?: number;
  readonly maxSize?: number;
  readonly frequency?: number;
  /** Per cent of one CPU. */
  readonly maxCpu?: number;
  readonly maxMemory?: number;
  readonly metrics?: ListenAddress;
  readonly serve?: ListenAddress;
  readonly tokenFile?: string;
  readonly redact?: readonly RegExp[];
  readonly reveal?: boolean;
  readonly duration?: number;
  readonly schema?: boolean;
}

export interface OtlpOptions {
  /** The receiver's address. */
  readonly otlp?: string;
  readonly otlpProtocol?: OtlpProtocol;
  readonly otlpHeaders?: string;
  readonly otlpCa?: string;
  readonly otlpCert?: string;
  readonly otlpKey?: string;
  readonly otlpSignals?: readonly Signal[];
  readonly otlpResource?: Readonly<Record<string, string>>;
  readonly otlpSpool?: string;
  readonly otlpSpoolSize?: number;
}
