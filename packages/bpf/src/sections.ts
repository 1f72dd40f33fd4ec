/**
 * What a program's section says of its hook (libbpf.c, section_defs; Documentation/bpf/libbpf/program_types.rst).
 */

/** Other words for the same. */
const SYNONYMS: Readonly<Record<string, string>> = {
  tp: 'tracepoint',
  raw_tracepoint: 'raw_tp',
};

/** Where libbpf attaches a program by what stands behind the first word. */
const BY_NAME: ReadonlySet<string> = new Set([
  ...['tp_btf', 'raw_tp', 'tracepoint', 'fentry', 'fexit', 'fmod_ret', 'lsm', 'iter'],
  ...['kprobe', 'kretprobe', 'kprobe.multi', 'kretprobe.multi', 'ksyscall', 'kretsyscall'],
  ...['uprobe', 'uretprobe', 'uprobe.multi', 'uretprobe.multi', 'usdt'],
]);

/** How a program is attached: by the section's first word. */
export function attachMethod(section: string): string {
  const word = section.split('/', 1)[0] ?? section;
  return SYNONYMS[word] ?? word;
}

/**
 * Whether the section names the hook wholly, as `kprobe/do_exit` does. What is `kprobe` alone, or of a perf
 * event, is attached by who knows the place.
 */
export function namesItsHook(section: string): boolean {
  // `.s`: may sleep; `.w`: writes its arguments.
  const method = attachMethod(section).replace(/\.[sw]$/, '');
  return section.includes('/') && BY_NAME.has(SYNONYMS[method] ?? method);
}
