// The examples with BPF of their own, each run as its first comment says: real files are opened, real
// connections made over loopback, real processes killed.

import { describe, expect } from 'bun:test';
import { readlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { kernelTest } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const example = (name: string) => resolve(import.meta.dir, '../examples', `${name}.ts`);

/** Runs an example while `work` is done; the lines that it wrote. */
async function observed(name: string, args: readonly string[], work: () => Promise<unknown>) {
  await using waggle = new Waggle(['run', example(name), ...args]);
  await waggle.says(/ready/);
  await work();
  await Bun.sleep(500);
  const { code, stdout } = await waggle.stop();
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

describe('file-opens', () => {
  kernelTest('tells each file that was opened or not, and how long that took', async () => {
    const present = join(freshFolder(), 'présent');
    writeFileSync(present, '');
    const lines = await observed('file-opens', [], () =>
      exitCodeOf('cat', present, '/no/such/file'),
    );
    const found = lines.filter(({ path }) => path === present);
    expect(found.length).toBe(1);
    expect(found[0]).toMatchObject({ comm: 'cat', containerId: null });
    expect(found[0].error).toBeUndefined();
    expect(found[0].ms).toBeGreaterThan(0);
    expect(found[0].ms).toBeLessThan(10_000);
    const missing = lines.filter(({ path }) => path === '/no/such/file');
    expect(missing.length).toBe(1);
    expect(missing[0]).toMatchObject({ comm: 'cat', error: 'ENOENT', pid: found[0].pid });
  });

  kernelTest('leaves out what was quick enough', async () => {
    const lines = await observed('file-opens', ['--slower-than', '60000'], () =>
      run(workload('open_files'), '100', '0'),
    );
    expect(lines).toEqual([]);
  });
});

/** The other end says so many bytes and hears so many. */
function exchange(port: number, host: string, sent: number): Promise<number> {
  return new Promise((done, failed) => {
    let received = 0;
    const socket = connect({ port, host }, () => socket.write(Buffer.alloc(sent)));
    socket.on('data', ({ length }) => {
      received += length;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => done(received));
    socket.on('error', failed);
  });
}

describe('tcp-connections', () => {
  for (const host of ['127.0.0.1', '::1'])
    kernelTest(`tells both sides of a connection over ${host}, with its bytes`, async () => {
      let port = 0;
      const lines = await observed('tcp-connections', [], async () => {
        const server = createServer((socket) => {
          let heard = 0;
          socket.on('data', ({ length }) => {
            heard += length;
            if (heard >= 1234) socket.end(Buffer.alloc(70_000));
          });
        });
        await new Promise<void>((listening) => {
          server.listen(0, host, listening);
        });
        ({ port } = server.address() as AddressInfo);
        expect(await exchange(port, host, 1234)).toBe(70_000);
        await new Promise((closed) => {
          server.close(closed);
        });
        const refused = await exchange(port, host, 1).catch(({ code }) => code);
        expect(refused).toBe('ECONNREFUSED');
      });
      const at = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const ours = lines.filter(({ pid }) => pid === process.pid);
      const [client] = ours.filter(
        ({ connection, remote }) => connection === 'closed' && remote === at,
      );
      expect(client).toMatchObject({ side: 'client', sentBytes: 1234, receivedBytes: 70_000 });
      expect(client.exe).toBe(readlinkSync('/proc/self/exe'));
      const [server] = ours.filter(
        ({ connection, local }) => connection === 'closed' && local === at,
      );
      expect(server).toMatchObject({ side: 'server', sentBytes: 70_000, receivedBytes: 1234 });
      expect(server.remote).toBe(client.local);
      expect(ours.filter(({ connection }) => connection === 'opened').length).toBe(2);
      expect(ours.filter(({ connection }) => connection === 'failed')).toMatchObject([
        { side: 'client', remote: at },
      ]);
    });

  kernelTest('names the process that connects, though it has ended', async () => {
    const server = createServer((socket) => socket.end('bye'));
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    const { port } = server.address() as AddressInfo;
    const lines = await observed('tcp-connections', [], () =>
      run('bash', '-c', `cat < /dev/tcp/127.0.0.1/${port}`),
    );
    server.close();
    const client = lines.find(
      ({ connection, side }) => connection === 'closed' && side === 'client',
    );
    expect(client).toMatchObject({ comm: 'bash', sentBytes: 0, receivedBytes: 3 });
    // The server listened before the agent came: whose connection it was is known when it closes it.
    const ofServer = lines.find(
      ({ connection, side }) => connection === 'closed' && side === 'server',
    );
    expect(ofServer).toMatchObject({ pid: process.pid, sentBytes: 3, receivedBytes: 0 });
  });
});

describe('kills', () => {
  kernelTest('tells who sent which signal to whom', async () => {
    const lines = await observed('kills', [], async () => {
      await exitCodeOf('sh', '-c', 'sleep 60 & kill -TERM $!; wait $!');
      await exitCodeOf(workload('die_by'), '12');
    });
    const term = lines.find(({ signal, from }) => signal === 'SIGTERM' && from.argv?.[0] === 'sh');
    expect(term.from).toMatchObject({
      comm: 'sh',
      argv: ['sh', '-c', 'sleep 60 & kill -TERM $!; wait $!'],
    });
    expect(term.to.pid).not.toBe(term.from.pid);
    const own = lines.find(({ signal, from }) => signal === 'SIGUSR2' && from.comm === 'die_by');
    expect(own.to).toEqual({ pid: own.from.pid, comm: 'die_by' });
    expect(lines.some(({ signal }) => signal === 'SIGCHLD')).toBe(false);
  });

  kernelTest('only of the signals that were asked for', async () => {
    const lines = await observed('kills', ['SIGUSR1'], async () => {
      await exitCodeOf('sh', '-c', 'sleep 60 & kill -TERM $!; sleep 60 & kill -USR1 $!; wait');
    });
    const signals = lines.flatMap(({ signal }) => signal ?? []);
    expect(new Set(signals)).toEqual(new Set(['SIGUSR1']));
  });

  kernelTest('tells whom the kernel killed when memory had run out', async () => {
    const v1 = cgroupMount('memory');
    const parent = v1 ?? cgroupMount('v2') ?? '';
    await using cgroup = newCgroup(parent, `waggle-oom-${process.pid}`);
    const limit = v1 === undefined ? 'memory.max' : 'memory.limit_in_bytes';
    writeFileSync(join(cgroup.path, limit), String(32 * 1024 * 1024));
    let victim = 0;
    const lines = await observed('kills', [], async () => {
      const command = `echo $$ > "$0/cgroup.procs"; echo $$; exec tail /dev/zero`;
      const child = Bun.spawn(['sh', '-c', command, cgroup.path], {
        stdout: 'pipe',
        stderr: 'ignore',
      });
      victim = Number(await new Response(child.stdout).text());
      await child.exited;
      expect(child.signalCode).toBe('SIGKILL');
    });
    expect(victim).toBeGreaterThan(0);
    const oom = lines.filter(({ oomKill }) => oomKill?.pid === victim);
    expect(oom.length).toBe(1);
    expect(oom[0]).toMatchObject({
      oomKill: { comm: 'tail' },
      wanted: { pid: victim, comm: 'tail', containerId: null },
    });
  });
});
