/**
 * A program as it ran, to be pasted into a shell: in its directory, with what its environment had that its
 * parent's had not, and with its standard input, output and error where they went to files. What a shell has of its
 * own is left out: terminals, pipes and sockets.
 */

import { commandLine, shellWord } from './shell-words.ts';

/** As `trace --json` has it of an exec. What is not known is null, or not there. */
export interface ExecutedProgram {
  /** As it was given to execve. */
  readonly filename: string | null;
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd?: string | null | undefined;
  /** Of standard input, output and error: `<FILE`, `>FILE`, `>>FILE`, `<>FILE`, or `-` for a closed one. */
  readonly stdio?: readonly string[] | null | undefined;
  /** `NAME=value` each. */
  readonly environ?: readonly string[] | null | undefined;
  /** That of its parent. Without it nothing is said of the environment. */
  readonly parentEnviron?: readonly string[] | null | undefined;
}

/** A shell makes these of its own for each program that it starts. */
const SHELLS_OWN = new Set(['_', 'OLDPWD', 'PWD', 'SHLVL']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const CUT = '\u2026';

/** One line that no terminal acts upon. */
export function shellCommand(program: ExecutedProgram): string {
  const { cwd, stdio, filename } = program;
  const place = cwd === undefined || cwd === null ? '' : `cd ${shellWord(cwd)} && `;
  const files = redirections(stdio ?? []);
  const [name = '', ...rest] = ownWords(program);
  const { gone, given } = difference(program);
  if (needsName(program)) {
    // env(1) would have that name itself.
    const exports = [
      ...gone.filter((each) => NAME.test(each)).map((each) => `unset ${each}; `),
      ...given.flatMap(([each, value]) =>
        NAME.test(each) ? [`export ${each}=${shellWord(value)}; `] : [],
      ),
    ].join('');
    const words = ['exec', '-a', ...[name, filename ?? name, ...rest].map(shellWord), ...files];
    return `(${exports}${place}${words.join(' ')})`;
  }
  const words = [
    ...(gone.length + given.length > 0 ? ['env'] : []),
    ...gone.flatMap((each) => ['-u', shellWord(each)]),
    ...given.map(([each, value]) =>
      NAME.test(each) ? `${each}=${shellWord(value)}` : shellWord(`${each}=${value}`),
    ),
    commandLine([filename ?? name, ...rest]),
    ...files,
  ];
  return place + words.join(' ');
}

/** Of a script the kernel puts the words of its first line before its own name: it is run by that name again. */
function ownWords({ filename, argv }: ExecutedProgram): readonly string[] {
  const [name = ''] = argv;
  if (filename === null || baseOf(name) === baseOf(filename)) return argv;
  return argv.slice(Math.max(argv.indexOf(filename), 0));
}

/** Its name is another one than that of the file. */
function needsName(program: ExecutedProgram): boolean {
  const { filename } = program;
  const [name] = ownWords(program);
  return filename !== null && name !== undefined && baseOf(name) !== baseOf(filename);
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

interface Difference {
  readonly gone: readonly string[];
  readonly given: readonly (readonly [name: string, value: string])[];
}

function difference({ environ, parentEnviron }: ExecutedProgram): Difference {
  if (!environ || !parentEnviron) return { gone: [], given: [] };
  const own = variablesOf(environ);
  const before = variablesOf(parentEnviron);
  return {
    gone: [...before.keys()].filter((name) => !own.has(name) && !SHELLS_OWN.has(name)),
    given: [...own].filter(([name, value]) => before.get(name) !== value && !SHELLS_OWN.has(name)),
  };
}

/** The first of a name counts, as getenv(3) finds it. */
function variablesOf(environ: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const entry of environ) {
    const at = entry.indexOf('=');
    const name = entry.slice(0, at);
    if (at > 0 && !variables.has(name)) variables.set(name, entry.slice(at + 1));
  }
  return variables;
}

const FILE = /^(<>|>>|<|>)(\/.*)$/s;
/** Who pastes it has one of his own. */
const TERMINAL = /^\/dev\/(?:pts\/\d+|tty\w*|console)$/;

function redirections(stdio: readonly string[]): string[] {
  return stdio.flatMap((text, descriptor) => {
    const usual = descriptor === 0 ? '<' : '>';
    if (text === '-') return [`${descriptor === 0 ? '' : descriptor}${usual}&-`];
    const [, sign = '', path = ''] = FILE.exec(text) ?? [];
    if (path === '' || TERMINAL.test(path) || path.startsWith(CUT)) return [];
    if (descriptor === 2 && text === stdio[1]) return ['2>&1'];
    const isUsual = sign.startsWith(usual) && sign !== '<>' && descriptor < 2;
    return [`${isUsual ? '' : descriptor}${sign}${shellWord(path)}`];
  });
}
