/**
 * Why the kernel did not take a program, in the words of who wrote it: the verifier's reason and the line of C
 * that it was at come first. What libbpf and the verifier print is in libbpf.c (bpf_object_load_prog) and
 * kernel/bpf/log.c (verbose_linfo): `; SOURCE @ FILE:LINE` before the instructions of a line, without the
 * place before Linux 6.9.
 */

import { SystemError } from '@waggle/ffi';

/** A line of C that the verifier named. */
export interface SourceLine {
  readonly text: string;
  /** undefined on kernels that do not say. */
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** `message` names the program, the reason and the line; `log` is all that was said. */
export class ProgramRefusal extends SystemError {
  /** What the verifier said last, or undefined where it did not get that far. */
  readonly reason: string | undefined;
  readonly source: SourceLine | undefined;

  constructor(
    readonly program: string,
    /** The first word of its section. */
    method: string,
    cause: SystemError,
  ) {
    super(cause.operation, cause.errno, cause.log);
    this.cause = cause;
    const said = verifierLines(cause.log);
    this.reason = reasonOf(said);
    this.source = sourceOf(said);
    if (this.reason !== undefined) this.message = this.#verifierMessage(this.reason);
    else {
      const why = plainReason(cause, method);
      if (why !== undefined) this.message = `${program} cannot be attached: ${why} (${cause.code})`;
    }
  }

  #verifierMessage(reason: string): string {
    const { source } = this;
    const place = source?.file === undefined ? [] : [`${source.file}:${source.line}`];
    const where = [...place, ...(source === undefined || source.text === '' ? [] : [source.text])];
    return [
      `the kernel's verifier refused ${this.program} (${this.code}): ${reason}`,
      ...(where.length === 0 ? [] : [`    ${where.join(': ')}`]),
      '(WAGGLE_LOG=debug shows all that the verifier said)',
    ].join('\n');
  }
}

/** Between libbpf's marks, of the last program that it printed. */
function verifierLines(log: string): readonly string[] {
  const [, text = ''] =
    /-- BEGIN PROG LOAD LOG --\n([\s\S]*?)-- END PROG LOAD LOG --/.exec(log) ?? [];
  return text.split('\n').map((line) => line.trimEnd());
}

/** Statistics, instructions (`12: (85) call ...`), registers (`R0=...`), paths and lines of C are no reason. */
const NO_REASON =
  /^(processed \d+ insns|verification time|stack depth|;|\d+: |R\d+(_w)?=|from \d+ to \d+|arg#\d+ |max_states|func#\d+ @|mark_precise|Func#\d+|caller:|callee:|frame\d+:|Global function|Validating |$)/;

function reasonOf(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => !NO_REASON.test(line) && !/^R\d+(_w)?=/.test(line));
}

function sourceOf(lines: readonly string[]): SourceLine | undefined {
  const last = lines.findLast((line) => line.startsWith('; '));
  if (last === undefined) return undefined;
  const [, text = '', file, line] = /^; (.*?)(?: @ (.+):(\d+))?$/.exec(last) ?? [];
  return { text: text.trim(), file, line: line === undefined ? undefined : Number(line) };
}

/** What libbpf says where a program does not get as far as the verifier, or was loaded and cannot be attached. */
const PLAIN: readonly (readonly [said: RegExp, why: (match: RegExpExecArray) => string])[] = [
  [
    /failed to find kernel BTF type ID of '([^']+)'/,
    ([, name]) =>
      `this kernel has no hook called ${name}: look for it in /sys/kernel/btf/vmlinux (bpftool btf dump)`,
  ],
  [
    /legacy kprobe event for '([^'+]+)|failed to determine kprobe perf type/,
    ([, name = 'it']) =>
      `this kernel has no kprobes (CONFIG_KPROBES), no function ${name}, or tracefs is not mounted`,
  ],
  [
    /failed to resolve full path for '([^']+)'/,
    ([, path]) => `there is no file ${path}: name it by its path`,
  ],
  [
    /failed to (?:find symbol|resolve symbol|find) '([^']+)'/,
    ([, name]) => `the file has no function ${name}`,
  ],
];

/** Kinds of programs that patch the kernel's functions, which not every kernel is built for. */
const PATCHING = /^(fentry|fexit|fmod_ret)/;

function plainReason({ log, code }: SystemError, method: string): string | undefined {
  for (const [said, why] of PLAIN) {
    const match = said.exec(log);
    if (match !== null) return why(match);
  }
  if (code === 'EPERM')
    return `this kernel, or a security policy of this host, does not allow ${method} programs`;
  if (PATCHING.test(method) && (code === 'ENOTSUPP' || code === 'EBUSY' || code === 'EINVAL'))
    return `this kernel cannot trace functions (CONFIG_FUNCTION_TRACER, CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)`;
  return undefined;
}
