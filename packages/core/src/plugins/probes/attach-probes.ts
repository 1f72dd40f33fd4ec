/**
 * Attaches probes: as many places by one link as the kernel takes, and nothing at all where one of them is
 * refused.
 */

import { probeBounds, type probes as probesObject } from '@waggle/bpf';
import { type BpfLink, type BpfProgram, SystemError, type UprobePlace } from '@waggle/ffi';
import { BadOption } from '../../errors/errors.ts';
import type { PluginSource } from '../../plugin/plugin-source.ts';
import type { CountedProbe } from './counted-probe.ts';
import { hooksFor, type ProbeHook, takesManyPlaces } from './probe-source.ts';

/** Of one link: each is memory of the kernel's, and no command line names more. */
const PLACES_OF_A_LINK = 4096;

/** What a program reads to know what it counts. @param argument its place in probe_arguments, 0 for none */
function cookieOf(index: number, argument: number): bigint {
  return BigInt(index) | (BigInt(argument) << BigInt(probeBounds.PROBE_ARGUMENT_SHIFT));
}

export class AttachedProbes implements Disposable {
  readonly #links: BpfLink[] = [];
  readonly #source: PluginSource<typeof probesObject>;

  constructor(source: PluginSource<typeof probesObject>) {
    this.#source = source;
  }

  /**
   * @param index of the probe in probe_events
   * @param firstArgument where those of its places begin in probe_arguments; 0: it has none
   * @throws BadOption in plain words, where the kernel refuses a place; SystemError for anything else
   */
  attach(probe: CountedProbe, index: number, firstArgument: number): void {
    const argumentOf = (place: number) => (firstArgument === 0 ? 0 : firstArgument + place);
    // What is returned first: a call between the two would have a beginning and no end.
    for (const hook of hooksFor(probe).toReversed()) {
      const cookie = (place: number) => cookieOf(index, argumentOf(place));
      if (probe.event.kind === 'tracepoint') this.#attachTracepoint(probe, hook, cookie(0));
      else if (probe.event.kind === 'user') this.#attachUser(probe, hook, cookie);
      else if (!hook.endsWith('-one')) this.#attachKernel(probe, hook, cookie);
    }
  }

  [Symbol.dispose](): void {
    for (const link of this.#links.splice(0).toReversed()) link.close();
  }

  #attachUser(
    { name, event }: CountedProbe,
    hook: ProbeHook,
    cookie: (place: number) => bigint,
  ): void {
    if (event.kind !== 'user') return;
    const program = this.#source.programOf(hook);
    const atReturn = hook.includes('return');
    const byFile = new Map<string, UprobePlace[]>();
    for (const [place, { object, offset, semaphore }] of event.places.entries()) {
      const places = byFile.get(object.path) ?? [];
      places.push({ offset, semaphore, cookie: cookie(place) });
      byFile.set(object.path, places);
    }
    for (const [path, places] of byFile)
      attachUserPlaces(name, { program, path, places, atReturn }, this.#links);
  }

  #attachTracepoint({ name, event }: CountedProbe, hook: ProbeHook, cookie: bigint): void {
    if (event.kind !== 'tracepoint') return;
    const { system, name: tracepoint } = event.request;
    const program = this.#source.programOf(hook);
    try {
      this.#links.push(
        hook === 'tracepoint'
          ? program.attachRawTracepoint(tracepoint, cookie)
          : program.attachTracepoint(system, tracepoint, cookie),
      );
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const why =
        hook === 'tracepoint'
          ? 'this kernel has no such tracepoint'
          : 'it needs tracefs (mount -t tracefs tracefs /sys/kernel/tracing), and the kernel to have it';
      throw refused(name, error, why);
    }
  }

  #attachKernel(
    { name, event }: CountedProbe,
    hook: ProbeHook,
    cookie: (place: number) => bigint,
  ): void {
    if (event.kind !== 'kernel') return;
    const { functions, offset } = event;
    const atReturn = hook.includes('return');
    const places = functions.map(({ address }, place) => ({ address, cookie: cookie(place) }));
    try {
      // Addresses may be hidden, and a place inside a function is no function.
      if (offset === 0 && places.every(({ address }) => address > 0n)) {
        this.#links.push(this.#source.programOf(hook).attachKprobes(places, atReturn));
        return;
      }
    } catch (error) {
      // Without fprobe, or where one of them cannot be traced so: one by one.
      if (!(error instanceof SystemError)) throw error;
    }
    const program = this.#source.programOf(`${hook}-one`);
    for (const [place, each] of functions.entries())
      try {
        this.#links.push(program.attachKprobe(each.name, offset, cookie(place), atReturn));
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        throw refused(
          name,
          error,
          `the kernel's ${each.name} cannot be probed: this kernel has no kprobes (CONFIG_KPROBES), or not there`,
        );
      }
  }
}

interface PlacesOfFile {
  readonly program: BpfProgram;
  readonly path: string;
  readonly places: readonly UprobePlace[];
  readonly atReturn: boolean;
}

/**
 * @param name of what stands there, for messages
 * @param links that are made are added to it, also before it fails
 * @throws BadOption where the kernel refuses a place; SystemError for anything else
 */
export function attachUserPlaces(
  name: string,
  { program, path, places, atReturn }: PlacesOfFile,
  links: BpfLink[],
): void {
  try {
    for (let from = 0; from < places.length; from += PLACES_OF_A_LINK) {
      const some = places.slice(from, from + PLACES_OF_A_LINK);
      if (takesManyPlaces()) links.push(program.attachUprobes(path, some, atReturn));
      else for (const place of some) links.push(program.attachUprobe(path, place, atReturn));
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw refused(
      name,
      error,
      'this kernel cannot probe it (CONFIG_UPROBES; `waggle doctor` says what it can)',
    );
  }
}

function refused(name: string, { code }: SystemError, why: string): BadOption {
  return new BadOption({
    option: 'events',
    message: `${name}: ${why}; nothing is attached (${code})`,
  });
}
