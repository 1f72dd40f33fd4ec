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
  readonly config?: string | undefined;
  /** false for none. */
  readonly store?: string | false | undefined;
  readonly keep?: number | undefined;
  readonly maxSize?: number | undefined;
  readonly frequency?: number | undefined;
  /** Per cent of one CPU. */
  readonly maxCpu?: number | undefined;
  readonly maxMemory?: number | undefined;
  readonly metrics?: ListenAddress | undefined;
  readonly serve?: ListenAddress | undefined;
  readonly tokenFile?: string | undefined;
  readonly redact?: readonly RegExp[] | undefined;
  readonly reveal?: boolean | undefined;
  readonly duration?: number | undefined;
  readonly schema?: boolean | undefined;
}

export interface OtlpOptions {
  /** The receiver's address. */
  readonly otlp?: string | undefined;
  readonly otlpProtocol?: OtlpProtocol | undefined;
  readonly otlpHeaders?: string | undefined;
  readonly otlpCa?: string | undefined;
  readonly otlpCert?: string | undefined;
  readonly otlpKey?: string | undefined;
  readonly otlpSignals?: readonly Signal[] | undefined;
  readonly otlpResource?: Readonly<Record<string, string>> | undefined;
  readonly otlpSpool?: string | undefined;
  readonly otlpSpoolSize?: number | undefined;
}
