/**
 * /proc/PID/mountinfo: the mounts that a process sees, proc_pid_mountinfo(5). Fields are separated by
 * spaces; what a path holds of space, tab, newline and backslash is an octal escape (mangle() of
 * fs/proc_namespace.c).
 */
import type { MountInfo } from './procfs.ts';

/** Lines that are none are left out. */
export function parseMountinfo(text: string): MountInfo[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ', 2);
    const [id, parentId, device, root, mountPoint] = before?.split(' ') ?? [];
    const [type, source] = after?.split(' ') ?? [];
    if (mountPoint === undefined || source === undefined || !/^\d+:\d+$/.test(device ?? ''))
      return [];
    return [
      {
        id: Number(id),
        parentId: Number(parentId),
        device: device as string,
        root: unescaped(root as string),
        mountPoint: unescaped(mountPoint),
        type: type as string,
        source: unescaped(source),
      },
    ];
  });
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
