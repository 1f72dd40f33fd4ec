// A registry of this machine that has the tarballs of a folder and nothing else, for installing @waggle/* as users do
// before there is anything to install: with a line `@waggle:registry=URL` in .npmrc, which npm, Bun and Deno read.
// Written from https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Packed {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly manifest: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly version: string;
  };
}

function read(folder: string, file: string): Packed {
  const path = join(folder, file);
  const { stdout, success } = Bun.spawnSync(['tar', '-xzOf', path, 'package/package.json']);
  if (!success) throw new Error(`${path} has no package.json`);
  const manifest = JSON.parse(stdout.toString()) as Packed['manifest'];
  return { file, bytes: new Uint8Array(readFileSync(path)), manifest };
}

function metadata({ file, bytes, manifest }: Packed, origin: string): object {
  const { name, version } = manifest;
  const digest = (algorithm: string) => createHash(algorithm).update(bytes);
  const dist = {
    tarball: `${origin}/-/${file}`,
    integrity: `sha512-${digest('sha512').digest('base64')}`,
    shasum: digest('sha1').digest('hex'),
  };
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { [version]: new Date(0).toISOString() },
  };
}

/** Listens on loopback until it is stopped. @param folder of tarballs */
export function serveTarballs(folder: string): Disposable & { readonly url: string } {
  const packed = readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => read(folder, file));
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      const path = decodeURIComponent(pathname).slice(1);
      const tarball = packed.find(({ file }) => path === `-/${file}`);
      if (tarball !== undefined) return new Response(tarball.bytes);
      const found = packed.find(({ manifest }) => manifest.name === path);
      if (found !== undefined) return Response.json(metadata(found, origin));
      return Response.json({ error: 'not found' }, { status: 404 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.dispose]: () => {
      server.stop(true);
    },
  };
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('usage: registry.ts FOLDER');
    process.exit(2);
  }
  console.log(serveTarballs(folder).url);
}
