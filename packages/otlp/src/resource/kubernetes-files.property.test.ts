// What a node's files and cgroups may be called, and what nobody should be able to make of it by a name.

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { KubernetesFiles } from './kubernetes-files.ts';

const of = (characters: string, size: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: size, maxLength: size });
const hex = (size: number) => of('0123456789abcdef', size);

/** RFC 1123, as Kubernetes asks of pods (a subdomain) and of namespaces and containers (a label). */
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const pod = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,40}[a-z0-9])?$/);
const uid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'));

function inFolder(body: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-pods-'));
  try {
    body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('every name that Kubernetes allows is read as it was written, beside any other file', () => {
  const others = fc.array(fc.stringMatching(/^[!-.0-~]{1,80}$/), { maxLength: 5 });
  fc.assert(
    fc.property(
      ...([pod, label, label, hex(64), uid, fc.boolean(), others] as const),
      (podName, namespace, container, id, podUid, isSystemd, names) =>
        inFolder((directory) => {
          for (const name of names.filter((each) => !/^\.+$/.test(each) && !each.includes(id)))
            writeFileSync(join(directory, name), '');
          writeFileSync(join(directory, `${podName}_${namespace}_${container}-${id}.log`), '');
          const cgroup = isSystemd
            ? `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${podUid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`
            : `/kubepods/besteffort/pod${podUid}/${id}`;
          expect(
            new KubernetesFiles({ directory }).attributesOf({ containerId: id, cgroup }),
          ).toEqual({
            'k8s.pod.name': podName,
            'k8s.namespace.name': namespace,
            'k8s.container.name': container,
            'k8s.pod.uid': podUid,
          });
        }),
    ),
    { numRuns: 100 },
  );
});

test('any cgroup and any file name: an answer in bounded time, and no attribute but these four', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('_', '-', 'a', '0', '.log', 'pod'), maxLength: 60 }),
  );
  fc.assert(
    fc.property(name, name, hex(64), (fileName, cgroup, id) =>
      inFolder((directory) => {
        const safe = fileName.replaceAll(/[/\0]/g, '').slice(0, 60);
        if (!/^\.*$/.test(safe)) writeFileSync(join(directory, safe), '');
        const found = new KubernetesFiles({ directory }).attributesOf({ containerId: id, cgroup });
        for (const [key, value] of Object.entries(found ?? {})) {
          expect(key).toMatch(/^k8s\.(pod\.(name|uid)|namespace\.name|container\.name)$/);
          if (key === 'k8s.pod.uid') expect(String(value)).toMatch(/^[0-9a-f-]{36}$/);
        }
      }),
    ),
    { numRuns: 200 },
  );
});

test('a cgroup that a container names after another pod says its own pod', () => {
  inFolder((directory) => {
    const own = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const other = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    const id = 'ab'.repeat(32);
    const files = new KubernetesFiles({ directory });
    // Made by who is root in a container, below its own cgroup.
    const nested = `/kubepods/pod${own}/${id}/kubepods/pod${other}`;
    expect(files.attributesOf({ containerId: id, cgroup: nested })).toEqual({ 'k8s.pod.uid': own });
    // And what is no pod's at all is none, whatever it is called.
    for (const elsewhere of [
      `/user.slice/not-a-pod${other}/x`,
      `/kubepods/tripod${other}/x`,
      `/kubepods/pod${other}x`,
    ])
      expect(files.attributesOf({ containerId: id, cgroup: elsewhere })).toBeUndefined();
  });
});
