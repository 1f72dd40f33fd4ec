// Of which host and which pod, by files as they are on a node.

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostResource } from './host-resource.ts';
import { KubernetesFiles } from './kubernetes-files.ts';

test('a host by its files, and without them what is known', () => {
  const files: Readonly<Record<string, string>> = {
    '/proc/sys/kernel/hostname': 'web-7',
    '/etc/machine-id': 'abc',
    '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"',
    '/proc/sys/kernel/random/boot_id': '12-34',
  };
  const read = (path: string) => files[path];
  expect(hostResource('1.2.3', { read, environment: { NODE_NAME: 'node-1' } })).toMatchObject({
    'service.name': 'waggle',
    'service.version': '1.2.3',
    'host.name': 'web-7',
    'host.id': 'abc',
    'os.type': 'linux',
    'os.name': 'debian',
    'os.version': '12',
    'os.description': 'Debian GNU/Linux 12',
    'waggle.boot.id': '1234',
    'k8s.node.name': 'node-1',
  });
  const bare = hostResource('1', { read: () => undefined, environment: {} });
  expect(bare['host.id']).toBeUndefined();
  expect(bare['os.type']).toBe('linux');
});

test('a container by the link of its log, and its pod by the cgroup', () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-pods-'));
  const id = 'ab'.repeat(32);
  let now = 0;
  const files = new KubernetesFiles({ directory, now: () => now });
  const uid = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const cgroup = `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`;
  expect(files.attributesOf({ containerId: null, cgroup })).toBeUndefined();
  // Its log comes later: then it is looked for again, and not for each event.
  expect(files.attributesOf({ containerId: id, cgroup: '/docker/x' })).toBeUndefined();
  writeFileSync(join(directory, `web-6d4cf56db6-abcde_shop_nginx-1-${id}.log`), '');
  expect(files.attributesOf({ containerId: id, cgroup })).toEqual({ 'k8s.pod.uid': uid });
  now = 60_000;
  expect(files.attributesOf({ containerId: id, cgroup })).toEqual({
    'k8s.pod.name': 'web-6d4cf56db6-abcde',
    'k8s.namespace.name': 'shop',
    'k8s.container.name': 'nginx-1',
    'k8s.pod.uid': uid,
  });
  rmSync(directory, { recursive: true });
  const elsewhere = new KubernetesFiles({ directory });
  expect(elsewhere.attributesOf({ containerId: id, cgroup: '/docker/x' })).toBeUndefined();
});
