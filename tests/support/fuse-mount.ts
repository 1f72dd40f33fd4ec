// A file system in user space with one program in it (workloads/fuse_server.c), for as long as the scope lasts:
// its server answers until it is told to be silent. Then every process that asks waits until the end of the
// scope, and is ended by nothing.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { workload } from './workloads.ts';

export class FuseMount implements AsyncDisposable {
  readonly program: string;
  readonly path: string;
  readonly #server;

  private constructor(path: string, program: string) {
    this.path = path;
    mkdirSync(path);
    this.program = join(path, 'program');
    this.#server = Bun.spawn([workload('fuse_server'), program, path], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
    });
  }

  /** Undefined where the kernel has no such file systems. */
  static async of(path: string, program: string): Promise<FuseMount | undefined> {
    if (!existsSync('/dev/fuse')) return undefined;
    const mount = new FuseMount(path, program);
    const { value } = await mount.#server.stdout.getReader().read();
    if (value !== undefined) return mount;
    await mount[Symbol.asyncDispose]();
    return undefined;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** From now on, of every request. */
  beSilent(): void {
    this.#server.kill('SIGUSR1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.stdin.end();
    await this.#server.exited;
    Bun.spawnSync(['umount', '-l', this.path]);
  }
}
