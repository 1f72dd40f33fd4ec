// Servers of others that a fleet has, built from their own modules by tests/real-servers/build and kept beside the
// user's caches. Where CI=true they are built when a test first asks; elsewhere a test that needs one that is not there
// is skipped, and says how it is built. What cannot be built is skipped everywhere, by name.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from './deadline.ts';
import { killHard } from './processes.ts';
import { freshFolder } from './workloads.ts';

const script = join(import.meta.dir, '../real-servers/build');

export type ServerBuild = 'collector' | 'victoria' | 'chdb';

/** Folders by build, or why one is not there. */
export interface ServerBuilds {
  readonly missing: string | undefined;
  readonly folder: (build: ServerBuild) => string;
}

export function serverBuilds(...builds: readonly ServerBuild[]): ServerBuilds {
  const folders = new Map<ServerBuild, string>();
  let missing: string | undefined;
  for (const build of builds) {
    const mayBuild = process.env.CI === 'true';
    const asked = Bun.spawnSync([script, ...(mayBuild ? [] : ['--where']), build], {
      stdin: 'ignore',
      stderr: 'pipe',
    });
    if (asked.success) folders.set(build, asked.stdout.toString().trim());
    else
      missing ??= mayBuild
        ? `${build} cannot be built: ${asked.stderr.toString().trim().split('\n').at(-1)}`
        : `no ${build}: tests/real-servers/build ${build}`;
  }
  return {
    missing,
    folder: (build) => {
      const folder = folders.get(build);
      if (folder === undefined) throw new Error(missing ?? `${build} was not asked for`);
      return folder;
    },
  };
}

/** Ports that nobody listens on right now, all at once. */
export async function freePorts<const Names extends string>(
  ...names: readonly Names[]
): Promise<Readonly<Record<Names, number>>> {
  const servers = await Promise.all(
    names.map(
      (name) =>
        new Promise<readonly [Names, number, () => void]>((done) => {
          const server = createServer();
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            const port = typeof address === 'object' && address !== null ? address.port : 0;
            done([name, port, () => server.close()]);
          });
        }),
    ),
  );
  for (const [, , close] of servers) close();
  return Object.fromEntries(servers.map(([name, port]) => [name, port])) as Record<Names, number>;
}

export interface ServerOptions {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** It is ready when that answers, whatever it answers. */
  readonly readyAt: string;
}

/** A server for as long as the scope lasts; it can be killed and started again. */
export class RealServer implements AsyncDisposable {
  readonly #options: ServerOptions;
  readonly #log = join(freshFolder(), 'log');
  #child: Bun.Subprocess;

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#child = this.#spawn();
  }

  static async start(options: ServerOptions): Promise<RealServer> {
    const server = new RealServer(options);
    await server.#ready();
    return server;
  }

  /** With SIGKILL: nothing that it held in memory is written. */
  async kill(): Promise<void> {
    killHard(this.#child.pid);
    await this.#child.exited;
  }

  async startAgain(): Promise<void> {
    this.#child = this.#spawn();
    await this.#ready();
  }

  /** As an administrator does, with what it writes at its end. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#child.exited;
  }

  log(): Promise<string> {
    return Bun.file(this.#log).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #spawn(): Bun.Subprocess {
    const { command, env } = this.#options;
    // Appended to by the shell: a second run keeps what the first one said.
    return Bun.spawn(['sh', '-c', 'exec "$@" >>"$0" 2>&1', this.#log, ...command], {
      env: { ...process.env, ...env },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
  }

  async #ready(): Promise<void> {
    const { readyAt, command } = this.#options;
    await eventually(`${command[0]} to answer`, async () => {
      if (this.#child.exitCode !== null)
        throw new Error(`${command.join(' ')} ended:\n${(await this.log()).slice(-2000)}`);
      return await fetch(readyAt).then(
        () => true,
        () => false,
      );
    });
  }
}
