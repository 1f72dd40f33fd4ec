/** `--comm`: whether a process is called that, by the name that the kernel keeps or by its program's. */

/** What a process runs, as far as it is known. */
export interface Program {
  readonly filename: string | null;
  readonly argv: readonly string[] | null;
}

/** TASK_COMM_LEN of include/linux/sched.h, without its NUL. */
const COMM_BYTES = 15;

/** A script is one of the interpreter's first arguments where only the interpreter's path is known. */
const ARGUMENTS_LOOKED_AT = 3;

/**
 * The kernel keeps 15 bytes of a name; the program's path has it whole.
 *
 * @param program asked for where those bytes are not enough
 */
export function isNamed(
  comm: string,
  pattern: RegExp,
  program: () => Program | undefined,
): boolean {
  return isSurelyNamed(comm, pattern, program) === true;
}

/** The same; undefined where the name has more bytes than are known, as far as can be told. */
export function isSurelyNamed(
  comm: string,
  pattern: RegExp,
  program: () => Program | undefined,
): boolean | undefined {
  if (pattern.test(comm)) return true;
  if (Buffer.byteLength(comm) < COMM_BYTES) return false;
  // Half a character at the cut.
  const beginning = comm.replace(/\ufffd+$/, '');
  const names = namesOf(program()).filter((name) => name.startsWith(beginning));
  return names.length === 0 ? undefined : names.some((name) => pattern.test(name));
}

function namesOf(program: Program | undefined): readonly string[] {
  if (program === undefined) return [];
  const { filename, argv } = program;
  const paths = [
    ...(filename === null ? [] : [filename]),
    ...(argv ?? []).slice(0, ARGUMENTS_LOOKED_AT),
  ];
  return paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
}
