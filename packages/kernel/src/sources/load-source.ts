/**
 * Gets the object of one source into the kernel: chooses programs, sizes maps, shares those of the
 * session, loads, attaches, and falls back program by program where the kernel refuses one. What could not
 * be attached is in the report and is not fatal here, unless the source says that it is of no use without.
 */

import { readFileSync } from 'node:fs';
import { attachMethod, namesItsHook, type Skeleton, type Source } from '@waggle/bpf';
import {
  type BpfLink,
  type BpfMap,
  type BpfObject,
  BpfObjectFile,
  type BpfProgram,
  log,
  missingCapabilities,
  type Native,
  SystemError,
} from '@waggle/ffi';
import { placeSettings, type SessionSettings } from './place-settings.ts';
import { ProgramRefusal } from './program-refusal.ts';
import { unusableKfunc, withoutKfunc } from './unusable-kfuncs.ts';

/**
 * The first word of a program's section. Of the first three, best first: `tracepoint` needs tracefs, the
 * others need nothing. What else there is, sources of plugins name (`fentry`, `kprobe`, `lsm`, ...).
 */
export type AttachMethod = 'tp_btf' | 'raw_tp' | 'tracepoint' | (string & {});

type AttachOutcome =
  | { readonly state: 'attached'; readonly method: AttachMethod }
  | { readonly state: 'absent'; readonly reasons: readonly string[] };

/** By what each is attached for: `exec`, `exit`, and whatever sources of plugins call theirs. */
export type AttachReport = Readonly<Partial<Record<string, AttachOutcome>>>;

/** What all sources of a session have in common. */
export interface LoadContext {
  /** Maps that other objects of the session have already, by name. */
  readonly sharedMaps: ReadonlyMap<string, BpfMap>;
  /** Of shared maps, where this object is the first that has them. */
  readonly sharedMapEntries: Readonly<Record<string, number>>;
  /** Set in every object that has such a global; those of the source come before them. */
  readonly settings: SessionSettings;
  /** Methods that are not tried, as if the kernel refused them: for tests of the fallbacks. */
  readonly withoutMethods?: readonly string[] | undefined;
}

/** A source whose object is at hand: its file, or its bytes. */
export interface PreparedSource<S extends Skeleton = Skeleton> {
  readonly source: Source<S>;
  readonly object: string | Uint8Array;
}

interface HookChoice {
  /** Index into the hook's programs. */
  index: number;
  readonly refusals: string[];
}

const MAX_INTERRUPTIONS = 10;

/** One refusal that is to be answered with the next program. */
class Refused extends Error {
  constructor(
    readonly program: string,
    override readonly cause: SystemError,
  ) {
    super(cause.message);
  }
}

/** Finds the object. @throws RangeError on an architecture without one. */
export async function prepareSource<S extends Skeleton>(
  source: Source<S>,
): Promise<PreparedSource<S>> {
  return { source, object: await source.skeleton.object() };
}

/** A source in the kernel. Closing it detaches and unloads what nothing else holds. */
export class LoadedSource implements Disposable {
  readonly #links: ReadonlyMap<string, BpfLink>;
  readonly #programs: ReadonlyMap<string, string>;

  constructor(
    /** The one that was loaded: what it was asked for, or what stands in its place. */
    readonly source: Source,
    readonly object: BpfObject,
    readonly report: AttachReport,
    links: ReadonlyMap<string, BpfLink>,
    programs: ReadonlyMap<string, string>,
  ) {
    this.#links = links;
    this.#programs = programs;
  }

  /** The program that was loaded for a hook. @throws RangeError when none was. */
  programOf(hook: string): BpfProgram {
    return this.object.program(this.#programs.get(hook) ?? '');
  }

  /** What a hook was attached by. @throws RangeError when it was not. */
  linkOf(hook: string): BpfLink {
    const link = this.#links.get(hook);
    if (link === undefined) throw new RangeError(`nothing is attached for the hook ${hook}`);
    return link;
  }

  close(): void {
    for (const link of [...this.#links.values()].reverse()) link.close();
    this.object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** @throws SystemError when rights are missing, or the kernel takes none of what the source requires. */
export function loadSource(
  native: Native,
  prepared: PreparedSource,
  context: LoadContext,
): LoadedSource {
  const { source } = prepared;
  let { object } = prepared;
  const choices = new Map<string, HookChoice>(
    Object.keys(source.hooks).map((hook) => [hook, { index: 0, refusals: [] }]),
  );
  for (let interruptions = 0; ; ) {
    try {
      return attempt(native, { source, object }, context, choices);
    } catch (error) {
      const kfunc = error instanceof SystemError ? unusableKfunc(error) : undefined;
      if (kfunc !== undefined) {
        object = withoutKfunc(typeof object === 'string' ? readFileSync(object) : object, kfunc);
        continue;
      }
      if (!(error instanceof Refused)) throw error;
      // A signal arrived while the verifier was at work: no refusal. The runtime's own do not reach the
      // thread that loads; those for the whole process may.
      if (error.cause.code === 'EAGAIN' && interruptions++ < MAX_INTERRUPTIONS) continue;
      const chosen = [...choices].find(
        ([hook, { index }]) => source.hooks[hook]?.[index] === error.program,
      );
      // Without rights the next one fails as well. With all of them the kernel, or a security policy, has
      // something against programs of this kind.
      const hasNoRights = error.cause.code === 'EPERM' && missingCapabilities().length > 0;
      if (chosen === undefined || hasNoRights) throw refusalOf(error, source);
      const [hook, choice] = chosen;
      const refusal = refusalOf(error, source);
      choice.refusals.push(explained(error, refusal));
      log('refused', () => ({ what: 'program', name: error.program, why: firstLine(refusal) }));
      for (const line of refusal.log.split('\n'))
        log('refused', () => ({ what: 'program', name: error.program, log: line }));
      choice.index++;
      const isLast = choice.index >= (source.hooks[hook]?.length ?? 0);
      if (!isLast || !source.required?.includes(hook)) continue;
      if (source.orElse === undefined) throw refusalOf(error, source);
      return loadSource(native, { source: source.orElse, object }, context);
    }
  }
}

function attempt(
  native: Native,
  { source, object }: PreparedSource,
  context: LoadContext,
  choices: ReadonlyMap<string, HookChoice>,
): LoadedSource {
  const before = performance.now();
  const { name, programs: sections } = source.skeleton;
  const file =
    typeof object === 'string'
      ? BpfObjectFile.open(native, object)
      : BpfObjectFile.openBytes(native, object, `${name}.bpf.o`);
  const report: Partial<Record<string, AttachOutcome>> = {};
  const wanted = new Map<string, string>();
  for (const [hook, choice] of choices) {
    const candidates = source.hooks[hook] ?? [];
    skipUnwanted(sections, candidates, choice, context.withoutMethods ?? []);
    const program = candidates[choice.index];
    if (!candidates.some((candidate) => file.programNames.includes(candidate)))
      report[hook] = { state: 'absent', reasons: ['the BPF object has no such program'] };
    else if (program === undefined) report[hook] = { state: 'absent', reasons: choice.refusals };
    else wanted.set(hook, program);
  }
  const loaded = load(file, source, context, new Set(wanted.values()));
  const links = new Map<string, BpfLink>();
  try {
    for (const [hook, program] of wanted) {
      const section = sections[program] ?? '';
      if (!namesItsHook(section)) continue;
      try {
        links.set(hook, loaded.program(program).attach());
      } catch (error) {
        throw error instanceof SystemError ? new Refused(program, error) : error;
      }
      report[hook] = { state: 'attached', method: attachMethod(section) };
    }
  } catch (error) {
    for (const link of [...links.values()].reverse()) link.close();
    loaded.close();
    throw error;
  }
  logAttached(name, wanted, report, performance.now() - before);
  return new LoadedSource(source, loaded, report, links, wanted);
}

/** For WAGGLE_LOG; `ms` is how long the kernel took, its verifier above all. */
function logAttached(
  source: string,
  programs: ReadonlyMap<string, string>,
  report: AttachReport,
  ms: number,
): void {
  log('loaded', () => ({
    what: 'source',
    name: source,
    programs: programs.size,
    ms: Math.round(ms),
  }));
  for (const [hook, program] of programs) {
    const outcome = report[hook];
    if (outcome?.state !== 'attached') continue;
    log('attached', () => ({ what: 'program', name: program, hook, method: outcome.method }));
  }
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? '';
}

function skipUnwanted(
  sections: Readonly<Record<string, string>>,
  candidates: readonly string[],
  choice: HookChoice,
  without: readonly string[],
): void {
  for (;;) {
    const program = candidates[choice.index];
    if (program === undefined) return;
    const method = attachMethod(sections[program] ?? '');
    if (!without.includes(method)) return;
    choice.refusals.push(`${method} is switched off`);
    choice.index++;
  }
}

function load(
  file: BpfObjectFile,
  source: Source,
  context: LoadContext,
  programs: ReadonlySet<string>,
): BpfObject {
  try {
    file.selectPrograms(programs);
    placeMaps(file, source, context);
    placeSettings(file, source, context.settings);
  } catch (error) {
    file.close();
    throw error;
  }
  try {
    return file.load();
  } catch (error) {
    if (error instanceof SystemError) {
      // libbpf names the program whose load failed (libbpf.c, bpf_object_load_prog).
      const program = /prog '(\w+)': failed to load/.exec(error.log)?.[1];
      if (program !== undefined) throw new Refused(program, error);
    }
    throw error;
  }
}

function placeMaps(file: BpfObjectFile, source: Source, context: LoadContext): void {
  const present = new Set(file.mapNames);
  const size = (map: string, entries: number | undefined) => {
    if (entries !== undefined && present.has(map)) file.setMaxEntries(map, entries);
  };
  for (const [map, { isShared }] of Object.entries(source.skeleton.maps)) {
    const existing = isShared ? context.sharedMaps.get(map) : undefined;
    if (existing === undefined) {
      size(map, source.mapEntries?.[map] ?? (isShared ? context.sharedMapEntries[map] : undefined));
    } else if (present.has(map)) {
      file.reuseMap(map, existing);
    }
  }
}

function refusalOf({ program, cause }: Refused, { skeleton }: Source): ProgramRefusal {
  return new ProgramRefusal(program, attachMethod(skeleton.programs[program] ?? ''), cause);
}

/** Only the last method reads tracefs, which many hosts and containers do not mount. */
function explained({ cause }: Refused, { message }: ProgramRefusal): string {
  const noTracefs = cause.code === 'ENOENT' && cause.message.includes('_tracepoint');
  return noTracefs ? `${message} (mount -t tracefs tracefs /sys/kernel/tracing)` : message;
}
