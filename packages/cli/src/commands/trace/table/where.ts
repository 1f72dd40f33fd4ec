/** Where a process runs, in few letters: its container, or the unit of systemd. */

const CONTAINER_LETTERS = 12;
/** What ends a cgroup's name that is a unit, and is not only there to hold others. */
const UNIT = /^(.+)\.(?:service|scope)$/;
/** Units of systemd that hold a user's: what is in them says more. */
const USER_MANAGER = /^user@\d+$/;

export function whereOf(event: {
  readonly containerId: string | null;
  readonly cgroup: string | null;
}): string {
  if (event.containerId !== null) return event.containerId.slice(0, CONTAINER_LETTERS);
  const unit = event.cgroup
    ?.split('/')
    .map((name) => UNIT.exec(name)?.[1])
    .findLast((name) => name !== undefined && !USER_MANAGER.test(name));
  // As in systemd.unit(5): the name has its special characters as \xHH.
  return (
    unit?.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))) ??
    ''
  );
}
