/** A CA, and a certificate of a server and of a client by it, made by openssl for one test. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Certificate {
  /** Paths. */
  readonly cert: string;
  readonly key: string;
  readonly certText: string;
  readonly keyText: string;
}

export interface Certificates extends Disposable {
  readonly ca: Certificate;
  readonly server: Certificate;
  readonly client: Certificate;
}

function openssl(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(['openssl', ...args], { stderr: 'pipe' });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}

export function certificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-certificates-'));
  const at = (name: string) => join(folder, name);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const named = (name: string): Certificate => ({
    ...{ cert: at(`${name}.pem`), key: at(`${name}.key`) },
    certText: readFileSync(at(`${name}.pem`), 'utf8'),
    keyText: readFileSync(at(`${name}.key`), 'utf8'),
  });
  openssl(
    ...['req', '-x509', ...curve, '-days', '2', '-subj', '/CN=waggle test CA'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
  );
  for (const name of ['server', 'client']) {
    openssl(
      ...['req', ...curve, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`)],
      ...['-out', at(`${name}.csr`)],
    );
    writeFileSync(at(`${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl(
      ...['x509', '-req', '-days', '2', '-in', at(`${name}.csr`), '-out', at(`${name}.pem`)],
      ...['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'],
      ...['-extfile', at(`${name}.ext`)],
    );
  }
  return {
    ...{ ca: named('ca'), server: named('server'), client: named('client') },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
