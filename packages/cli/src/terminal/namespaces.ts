/** What a person is told where this process's namespaces hide a part of the host. */

/** @param what with its number: `12 events` */
export function leftOut(what: string): string {
  return (
    `${what} of processes outside of this PID namespace were left out; ` +
    'run waggle on the host (docker run --pid=host) to see them'
  );
}
