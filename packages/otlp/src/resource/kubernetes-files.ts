/**
 * Whose container it is, by what a node of Kubernetes has on its disk: the kubelet links the log of each container as
 * /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log, and names its cgroup by the pod's uid. No API is asked.
 */

import { readdirSync } from 'node:fs';
import type { ExecEvent } from '@waggle/core';
import type { Attributes } from '../schema/attributes.ts';

const LOGS = '/var/log/containers';
/** Names of pods, namespaces and containers have no underscore. */
const LOG = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/;
/** The outermost pod below the kubelet's cgroup. systemd's names have underscores in place of the uid's dashes. */
const POD =
  /kubepods[^/]*(?:\/[^/]+)*?\/(?:[^/]*-)?pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})(?:\.slice)?(?:\/|$)/;
/** A container's log may come a moment after its first process. */
const LOOK_AGAIN_MS = 5000;
/** Containers of one node that are known; a node has some hundred. */
const MAX_CONTAINERS = 10_000;

export interface KubernetesOptions {
  readonly directory?: string | undefined;
  /** Milliseconds that only grow. */
  readonly now?: (() => number) | undefined;
}

export class KubernetesFiles {
  readonly #directory: string;
  readonly #now: () => number;
  #containers = new Map<string, Attributes>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ directory = LOGS, now = () => performance.now() }: KubernetesOptions = {}) {
    this.#directory = directory;
    this.#now = now;
  }

  /** undefined outside of containers, and on hosts without Kubernetes. */
  readonly attributesOf = ({
    containerId,
    cgroup,
  }: Pick<ExecEvent, 'containerId' | 'cgroup'>): Attributes | undefined => {
    if (containerId === null) return undefined;
    const known = this.#containers.get(containerId) ?? this.#look(containerId);
    const uid = POD.exec(cgroup ?? '')?.[1]?.replaceAll('_', '-');
    if (known === undefined && uid === undefined) return undefined;
    return { ...known, 'k8s.pod.uid': uid };
  };

  #look(containerId: string): Attributes | undefined {
    const now = this.#now();
    if (now - this.#lookedAt < LOOK_AGAIN_MS) return undefined;
    this.#lookedAt = now;
    let names: readonly string[] = [];
    try {
      names = readdirSync(this.#directory);
    } catch {
      // No node of Kubernetes.
    }
    // Those whose logs are gone may still have processes.
    if (this.#containers.size > MAX_CONTAINERS) this.#containers = new Map();
    for (const name of names) {
      const [, pod, namespace, container, id] = LOG.exec(name) ?? [];
      if (id !== undefined)
        this.#containers.set(id, {
          'k8s.pod.name': pod,
          'k8s.namespace.name': namespace,
          'k8s.container.name': container,
        });
    }
    return this.#containers.get(containerId);
  }
}
