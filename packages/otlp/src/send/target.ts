/**
 * Where it is sent and what proves who sends: an address, headers of a file, certificates. Secrets stay in private
 * fields: neither an error, nor a log, nor `inspect` has them.
 */

import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export type OtlpProtocol = 'http/protobuf' | 'grpc';

export interface OtlpTargetOptions {
  /** `http://HOST:4318`, `https://HOST:4318`; for gRPC `http://HOST:4317`: https is with TLS. */
  readonly endpoint: string;
  /** Default `http/protobuf`. */
  readonly protocol?: OtlpProtocol | undefined;
  /** A file of `name: value` lines, for nobody else to read. */
  readonly headersFile?: string | undefined;
  /** A file of certificates (PEM) that the receiver's is checked against, in place of the system's. */
  readonly ca?: string | undefined;
  /** Files of a certificate and its key (PEM), where the receiver asks who sends. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** An option that cannot be used; the message says which and why, and holds no secret. */
export class OtlpOptionError extends Error {
  override readonly name = 'OtlpOptionError';
  readonly code = 'OTLP_OPTION';
}

const MAX_FILE_BYTES = 1 << 20;
/** RFC 9110: a token; and a value without control characters. */
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*([\x20-\x7e]*)$/;
/** What a request has already. */
const OWN_HEADERS = ['content-type', 'content-encoding', 'content-length', 'host'];

export class OtlpTarget {
  readonly endpoint: URL;
  readonly protocol: OtlpProtocol;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tls: TlsMaterial;

  /** Reads the files. @throws OtlpOptionError */
  constructor({ endpoint, protocol, headersFile, ca, cert, key }: OtlpTargetOptions) {
    this.endpoint = addressOf(endpoint);
    this.protocol = protocol ?? 'http/protobuf';
    const isTls = this.endpoint.protocol === 'https:';
    if ((cert === undefined) !== (key === undefined))
      throw new OtlpOptionError(
        'a client certificate needs its key, and a key its certificate: give both files',
      );
    if (!isTls && (ca ?? cert) !== undefined)
      throw new OtlpOptionError(
        `${shownAddress(this.endpoint)} is without TLS, and certificates are given for it: give an address that begins with https://`,
      );
    this.#tls = {
      ca: ca === undefined ? undefined : fileOf('the CA file', ca),
      cert: cert === undefined ? undefined : fileOf('the certificate file', cert),
      key: key === undefined ? undefined : secretFileOf('the key file', key),
    };
    checkTls(this.#tls, { ca, cert, key });
    this.#headers = headersFile === undefined ? {} : headersOf(headersFile);
  }

  /** For messages: without what a query may hold. */
  get shown(): string {
    return shownAddress(this.endpoint);
  }

  get isTls(): boolean {
    return this.endpoint.protocol === 'https:';
  }

  /** Whoever is on the way can read it. */
  get isOpen(): boolean {
    return !this.isTls && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(this.endpoint.hostname);
  }

  get hasHeaders(): boolean {
    return Object.keys(this.#headers).length > 0;
  }

  /** With secrets: only for the request itself. */
  secrets(): { readonly headers: Readonly<Record<string, string>>; readonly tls: TlsMaterial } {
    return { headers: this.#headers, tls: this.#tls };
  }
}

function addressOf(text: string): URL {
  const address = URL.parse(text);
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new OtlpOptionError(
      `${JSON.stringify(withoutUser(text))} is no address of a receiver: give one like http://127.0.0.1:4318 or https://collector.example:4318`,
    );
  if (address.username !== '' || address.password !== '')
    throw new OtlpOptionError(
      'an endpoint cannot hold a user name or password, which every user of this host could read: put an authorization header into the headers file',
    );
  address.hash = '';
  return address;
}

const withoutUser = (text: string): string => text.replace(/\/\/[^/@]*@/, '//…@').slice(0, 200);

const shownAddress = ({ protocol, host, pathname }: URL): string =>
  `${protocol}//${host}${pathname === '/' ? '' : pathname}`;

function fileOf(what: string, path: string): Buffer {
  try {
    const status = statSync(path);
    if (!status.isFile() || status.size > MAX_FILE_BYTES)
      throw new OtlpOptionError(`${what} ${path} is no regular file of at most 1 MiB`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof OtlpOptionError) throw error;
    throw new OtlpOptionError(`${what} ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Of which nobody else may know. */
function secretFileOf(what: string, path: string): Buffer {
  const bytes = fileOf(what, path);
  if ((statSync(path).mode & 0o077) !== 0)
    throw new OtlpOptionError(`others may read ${what} ${path}: chmod 600 it`);
  return bytes;
}

function headersOf(path: string): Record<string, string> {
  const headers: Record<string, string> = {};
  const lines = secretFileOf('the headers file', path).toString('utf8').split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, value] = HEADER.exec(line) ?? [];
    // The line itself may be the secret.
    if (name === undefined || value === undefined)
      throw new OtlpOptionError(
        `line ${index + 1} of the headers file ${path} is no header: expected a line like authorization: Bearer TOKEN`,
      );
    if (OWN_HEADERS.includes(name.toLowerCase()))
      throw new OtlpOptionError(
        `line ${index + 1} of the headers file ${path} sets ${name.toLowerCase()}, which the protocol sets`,
      );
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** A file that is no certificate would fail with each request, and hardly say why. */
function checkTls(tls: TlsMaterial, paths: Pick<OtlpTargetOptions, 'ca' | 'cert' | 'key'>): void {
  const check = (what: string, material: Partial<TlsMaterial>) => {
    try {
      createSecureContext(Object.fromEntries(Object.entries(material).filter(([, v]) => v)));
    } catch {
      throw new OtlpOptionError(`${what}: expected PEM (-----BEGIN …)`);
    }
  };
  for (const [name, bytes] of Object.entries(tls))
    if (bytes !== undefined && !bytes.includes('-----BEGIN '))
      throw new OtlpOptionError(
        `${paths[name as keyof TlsMaterial]} holds no ${name === 'key' ? 'key' : 'certificate'}: expected PEM (-----BEGIN …)`,
      );
  if (tls.ca !== undefined) check(`${paths.ca} holds no certificate`, { ca: tls.ca });
  if (tls.cert !== undefined)
    check(`${paths.cert} and ${paths.key} are no certificate and its key`, {
      cert: tls.cert,
      key: tls.key,
    });
}
