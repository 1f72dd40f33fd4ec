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
  for (const { frames, count } of stacks) {
    const object = programOf(frames);
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
function programOf(frames: readonly ProfileFrame[]): string | undefined {
  const comm = frames[0]?.kind === 'process' ? frames[0].name : '';
  let outermost: string | undefined;
  for (const { kind, object } of frames) {
    if (object === undefined || kind === 'kernel' || object.startsWith('[')) continue;
    const name = baseName(object);
    if (comm !== '' && name.slice(0, COMM_LENGTH) === comm) return object;
    if (!LIBRARY.test(name)) outermost ??= object;
  }
  return outermost;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
