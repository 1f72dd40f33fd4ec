/**
 * Which object is the program that a profile is of: `go tool pprof` takes the first mapping for it. The
 * profile may say so itself; else it is the command's, or that in whose processes most was sampled.
 */
import type { Profile, ProfileFrame } from './profile.ts';

/** comm is cut to so many bytes: TASK_COMM_LEN, less its end. */
const COMM_LENGTH = 15;
const LIBRARY = /\.so(?:\.[\d.]+)?$/;
/** As it is, or as a shell's words are quoted. */
const FIRST_WORD = /^\s*(?:'([^']*)'|"([^"]*)"|(\S+))/;

/** undefined where no program's code was sampled. */
export function mainObject({ stacks, metadata }: Profile): string | undefined {
  if (metadata.mainObject !== undefined) return metadata.mainObject;
  const samples = new Map<string, number>();
  const names = new ObjectNames();
  for (const { frames, count } of stacks) {
    const object = programOf(frames, names);
    if (object !== undefined) samples.set(object, (samples.get(object) ?? 0) + count);
  }
  const words = FIRST_WORD.exec(metadata.command ?? '')?.slice(1) ?? [];
  const command = baseName(words.find((word) => word !== undefined) ?? '');
  const isCommand = (object: string) => command !== '' && baseName(object) === command;
  const [first] = [...samples].sort(
    ([a, left], [b, right]) =>
      Number(isCommand(b)) - Number(isCommand(a)) || right - left || (a < b ? -1 : 1),
  );
  return first?.[0];
}

/** The object that has the process's name, or else the outermost that is no library. */
function programOf(frames: readonly ProfileFrame[], names: ObjectNames): string | undefined {
  const comm = frames[0]?.kind === 'process' ? frames[0].name : '';
  let outermost: string | undefined;
  for (const { kind, object } of frames) {
    if (object === undefined || kind === 'kernel' || object.startsWith('[')) continue;
    const { comm: own, isLibrary } = names.of(object);
    if (comm !== '' && own === comm) return object;
    if (!isLibrary) outermost ??= object;
  }
  return outermost;
}

interface ObjectName {
  /** As a process that runs it has it. */
  readonly comm: string;
  readonly isLibrary: boolean;
}

/** What follows from an object's path, worked out once: frames are many, objects few. */
class ObjectNames {
  readonly #known = new Map<string, ObjectName>();

  of(object: string): ObjectName {
    let known = this.#known.get(object);
    if (known === undefined) {
      const name = baseName(object);
      known = { comm: name.slice(0, COMM_LENGTH), isLibrary: LIBRARY.test(name) };
      this.#known.set(object, known);
    }
    return known;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
