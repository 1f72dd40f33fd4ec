// A root directory of its own, made by debootstrap, with a base system and nothing else: no compiler, no headers, no
// libbpf. Commands run in it with this machine's /proc and /sys, with its network or with none.

import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Those that say where certificates are, which a registry may need. */
const OF_CERTIFICATES = /^(SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE)$/;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** ms */
  readonly took: number;
}

export interface RunOptions {
  /** Whether the network of this machine is there. Default: none is. */
  readonly network?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class Root {
  constructor(readonly path: string) {}

  /** @throws Error where a command fails, with what it said */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const ran = await this.attempt(command, options);
    if (ran.code === 0) return ran;
    throw new Error(`${command.join(' ')} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
  }

  async attempt(
    command: readonly string[],
    { network = false, cwd = '/root', env = {} }: RunOptions = {},
  ): Promise<Ran> {
    const mounts = ['proc', 'sys', 'dev']
      .map((name) => `mount --rbind /${name} '${this.path}/${name}'`)
      .join(' && ');
    const inside = `cd '${cwd}' && exec "$@"`;
    const script = `${mounts} && exec chroot '${this.path}' /bin/sh -c '${inside.replaceAll("'", "'\\''")}' sh "$@"`;
    const certificates = Object.entries(process.env).filter(([name]) => OF_CERTIFICATES.test(name));
    const began = performance.now();
    const child = Bun.spawn(
      [
        ...['unshare', '--mount', '--propagation', 'private'],
        ...(network ? [] : ['--net']),
        ...['sh', '-c', script, 'sh', ...command],
      ],
      {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        env: {
          PATH: '/opt/runtimes:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
          HOME: '/root',
          ...(Object.fromEntries(certificates) as Record<string, string>),
          ...env,
        },
      },
    );
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr, took: performance.now() - began };
  }

  /** A file or folder of this machine, at the same place or another. */
  take(from: string, to = from): void {
    mkdirSync(dirname(join(this.path, to)), { recursive: true });
    cpSync(from, join(this.path, to), { recursive: true, dereference: true });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), text);
  }

  /** A program, and the libraries that the dynamic linker says that it needs. */
  takeProgram(from: string, to: string): void {
    this.take(from, to);
    const { stdout } = Bun.spawnSync(['ldd', from]);
    for (const [path] of stdout.toString().matchAll(/\/\S+\.so\S*/g))
      if (!existsSync(join(this.path, path))) this.take(path);
  }

  /** What there is that should not be. */
  async unwanted(): Promise<string[]> {
    const found = await this.run([
      'sh',
      '-c',
      'for name in clang gcc cc zig bpftool; do command -v $name; done; ls -d /usr/include/linux /usr/include/bpf 2>/dev/null; ls /usr/lib/*/libbpf.so* /usr/lib/*/libelf.so* 2>/dev/null; true',
    ]);
    return found.stdout.split('\n').filter(Boolean);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Debian's base system. @param release such as bookworm */
export function debian(path: string, release: string): Root {
  mkdirSync(path, { recursive: true });
  const made = Bun.spawnSync(['debootstrap', '--variant=minbase', release, path], {
    stdin: 'ignore',
  });
  if (!made.success) throw new Error(`debootstrap failed: ${made.stdout}${made.stderr}`);
  takeNames(path);
  return new Root(path);
}

/** What a machine needs to find the registries, and to believe them. */
export function takeNames(path: string): void {
  for (const file of ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl/certs/ca-certificates.crt'])
    if (existsSync(file)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      copyFileSync(file, join(path, file));
    }
}
