// TCP connections with their process and container: one JSON line when a connection is there, when it has
// ended, and when it could not be made. The BPF is tcp-connections.bpf.c, from which `waggle bpf build` makes
// the module that is imported here.
//
//   waggle run examples/tcp-connections.ts

import { defineAgent, definePlugin, defineSource, ProcessMetadata } from '@waggle/core';
import tcpConnections, { connectionChange, connectionSide } from './tcp-connections.bpf.ts';

const TCP = defineSource(tcpConnections, {
  // The second for kernels that refuse the first; without either there is nothing to tell.
  hooks: { tcp: ['tcp_changed', 'tcp_changed_raw'] },
  required: ['tcp'],
  events: { 'tcp-connection': 'connection' },
});

const AF_INET6 = 10;
const CHANGES = new Map<number, string>([
  [connectionChange.CONNECTION_OPENED, 'opened'],
  [connectionChange.CONNECTION_CLOSED, 'closed'],
  [connectionChange.CONNECTION_FAILED, 'failed'],
]);

export const connectionLog = (write = (line: object) => console.log(JSON.stringify(line))) =>
  definePlugin({
    name: 'connection-log',
    needs: { processes: ProcessMetadata },
    sources: [TCP],
    setup: ({ services: { processes }, source, warn }) => ({
      observe: {
        'tcp-connection'(event) {
          const { pid, comm, containerId, family, lastedNs, sentBytes, receivedBytes } = event;
          write({
            connection: CHANGES.get(event.change),
            side: event.side === connectionSide.SIDE_CLIENT ? 'client' : 'server',
            pid,
            comm,
            exe: (processes.getByIdentity(event.identity) ?? processes.getOrLoad(pid))?.exe,
            containerId,
            local: endpoint(family, event.localAddress, event.localPort),
            remote: endpoint(family, event.remoteAddress, event.remotePort),
            ms: lastedNs / 1e6,
            sentBytes,
            receivedBytes,
          });
        },
      },
      end() {
        const lost = source(TCP).lost();
        if (lost > 0) warn(`${lost} changes were not told: the ring was full`);
      },
    }),
  });

function endpoint(family: number, address: Uint8Array, port: number): string {
  if (family !== AF_INET6) return `${address.slice(0, 4).join('.')}:${port}`;
  const words = Array.from({ length: 8 }, (_, index) =>
    (((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0)).toString(16),
  );
  // The URL parser writes the shortest form.
  return `${new URL(`http://[${words.join(':')}]`).hostname}:${port}`;
}

export default defineAgent({ plugins: [connectionLog()] });
