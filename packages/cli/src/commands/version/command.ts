/** `waggle --version`: no command to commander, which knows only a text. What it says is in run.ts. */

/** Whether these arguments ask for it, and nothing else. */
export function asksForVersion(args: readonly string[]): boolean {
  return args.length === 1 && (args[0] === '--version' || args[0] === '-V');
}

export async function versionCommand(): Promise<void> {
  const { printVersions } = await import('./run.ts');
  await printVersions();
}
