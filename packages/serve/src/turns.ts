/** Long work in parts, with turns for others in between. */

/** Then others get their turn. */
const AT_ONCE_MS = 8;

/** Gives others their turn where something takes long. */
export function turns(): () => Promise<void> | undefined {
  let until = performance.now() + AT_ONCE_MS;
  return () => {
    if (performance.now() < until) return undefined;
    return Bun.sleep(0).then(() => {
      until = performance.now() + AT_ONCE_MS;
    });
  };
}
