/** Whose events they are: the host, as its files tell, and the agent on it. */

import { readFileSync } from 'node:fs';
import type { Attributes } from '../schema/attributes.ts';

/** As OpenTelemetry calls them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface HostFiles {
  /** The trimmed content, or undefined where there is none. */
  readonly read: (path: string) => string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const REAL: HostFiles = {
  read: (path) => {
    try {
      return readFileSync(path, 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
  },
  environment: process.env,
};

/** @param version of waggle */
export function hostResource(version: string, files: HostFiles = REAL): Attributes {
  const { read, environment } = files;
  const release = read('/etc/os-release');
  const named = (name: string) =>
    new RegExp(`^${name}=["']?([^"'\\n]*)["']?$`, 'm').exec(release ?? '')?.[1] || undefined;
  return {
    'service.name': 'waggle',
    'service.version': version,
    'host.name': read('/proc/sys/kernel/hostname'),
    'host.id': read('/etc/machine-id'),
    'host.arch': ARCHITECTURES[process.arch] ?? process.arch,
    'os.type': 'linux',
    'os.name': named('ID'),
    'os.version': named('VERSION_ID'),
    'os.description': named('PRETTY_NAME'),
    'waggle.boot.id': read('/proc/sys/kernel/random/boot_id')?.replaceAll('-', ''),
    // By the downward API: packaging/kubernetes has it.
    'k8s.node.name': environment.K8S_NODE_NAME ?? environment.NODE_NAME,
  };
}
