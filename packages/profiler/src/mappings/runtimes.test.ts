import { expect, test } from 'bun:test';
import { runtimeOf } from './runtimes.ts';

test('runtimes by the files that they map', () => {
  const cases: Record<string, readonly string[]> = {
    java: ['/usr/bin/java', '/usr/lib/jvm/java-17/lib/server/libjvm.so', '/usr/bin/python3.11'],
    node: ['/opt/node-v20/bin/node', '/usr/lib/libc.so.6'],
    bun: ['/app/node_modules/bun/bin/bun.exe'],
    deno: ['/root/.deno/bin/deno'],
    python: ['/usr/bin/uwsgi', '/usr/lib/libpython3.13.so.1.0'],
    ruby: ['/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1.2'],
    dotnet: ['/usr/share/dotnet/dotnet', '/usr/share/dotnet/shared/x/8.0.1/libcoreclr.so'],
    erlang: ['/usr/lib/erlang/erts-13.1.5/bin/beam.smp'],
    php: ['/usr/bin/php8.2', '/usr/lib/php/20220829/opcache.so'],
  };
  for (const [runtime, paths] of Object.entries(cases))
    expect({ paths, runtime: runtimeOf(paths) as string }).toEqual({ paths, runtime });
  expect(runtimeOf(['/usr/bin/nodes', '/bin/bash', '//anon', '[vdso]'])).toBeUndefined();
});
