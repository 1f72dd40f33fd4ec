/** The agent's way to a receiver of OTLP: made of its settings, and made anew when they are read again. */

import { resolve } from 'node:path';
import { makeOwnFolder } from '@waggle/ffi';
import {
  hostResource,
  KubernetesFiles,
  OtlpExporter,
  OtlpOptionError,
  OtlpTarget,
  SpoolError,
} from '@waggle/otlp';
import { isSystemError } from '@waggle/symbols/system-error';
import { printable } from '@waggle/text';
import packageJson from '../../../package.json' with { type: 'json' };
import { say } from '../../terminal/messages.ts';
import type { OtlpSettings } from './options.ts';

/** @returns the exporter, or in words why there is none */
export function openExporter(settings: OtlpSettings): OtlpExporter | string {
  const { target, signals, resource, spool, maxSpoolBytes } = settings;
  const { version } = packageJson;
  try {
    const problem = spoolProblem(spool);
    if (problem !== undefined) return printable(problem);
    const to = new OtlpTarget(target);
    warnOf(to);
    return new OtlpExporter({
      ...{ target: to, signals, spool, maxSpoolBytes, version },
      resource: { ...hostResource(version), ...resource },
      container: new KubernetesFiles().attributesOf,
      onProblem: (message) => say(`warning: ${printable(message)}`),
    });
  } catch (error) {
    if (error instanceof OtlpOptionError || error instanceof SpoolError)
      return printable(error.message);
    throw error;
  }
}

/** Why a folder cannot have what waits; it is made where it is not there. */
function spoolProblem(spool: string): string | undefined {
  let why: string;
  try {
    const foreign = makeOwnFolder(resolve(spool));
    if (foreign === undefined) return undefined;
    why = `${foreign.at} ${foreign.why}, who could put anything there; give a folder of your own (--otlp-spool DIR)`;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    why = error.message;
  }
  return `nothing can be spooled in ${spool}: ${why}`;
}

/**
 * Another receiver, headers, certificates, signals, or size hold at once.
 *
 * @throws OtlpOptionError and nothing is changed
 */
export function reopenExporter(exporter: OtlpExporter, settings: OtlpSettings): void {
  const target = new OtlpTarget(settings.target);
  warnOf(target);
  exporter.setTarget(target);
  exporter.setSignals(settings.signals);
  exporter.setMaxSpoolBytes(settings.maxSpoolBytes);
}

function warnOf(target: OtlpTarget): void {
  if (target.isOpen)
    say(
      `warning: what is sent to ${printable(target.shown)}${target.hasHeaders ? ', and the headers with it,' : ''} can be read on the way: an address that begins with https:// is with TLS`,
    );
}
