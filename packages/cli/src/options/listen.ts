/** Where something listens: a host and a port. */

import { isSystemError } from '@waggle/symbols/system-error';
import { InvalidArgumentError } from 'commander';

export interface ListenAddress {
  readonly hostname: string;
  /** 0 for one that is free. */
  readonly port: number;
}

/** `8080`, `HOST:8080`, `[::1]:8080`, `HOST`. */
export function parseListen(value: string, usualPort: number): ListenAddress {
  const [, bracketed, plain, portText] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]*))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const onlyPort = portText === undefined && /^\d{1,5}$/.test(plain ?? '');
  const hostname = onlyPort ? '127.0.0.1' : (bracketed ?? plain) || '127.0.0.1';
  const port = Number(onlyPort ? plain : (portText ?? usualPort));
  if ((bracketed === undefined && plain === undefined) || value === '' || port > 65_535)
    throw new InvalidArgumentError(
      `Give HOST:PORT, such as 127.0.0.1:${usualPort}, [::1]:${usualPort} or 0.0.0.0:8080; port 0 takes one that is free.`,
    );
  return { hostname, port };
}

/** Why nothing can listen there, in words. */
export function whyNotListening({ hostname: host, port }: ListenAddress, error: unknown): string {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (isSystemError(error) ? error.code : undefined) {
    case 'EADDRINUSE':
      return `${where} is in use by another program: give another port, or port 0 for one that is free`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this host: \`ip address\` lists those that are`;
    // What a name that nobody can resolve ends with.
    case 'EINVAL':
    case 'ENOTFOUND':
      return `${host} is neither an address nor a name that is known on this host: give an address of it, such as 127.0.0.1, or 0.0.0.0 for all of them`;
    case 'EACCES':
      return `${where} is not allowed for this user: ports below 1024 need root`;
    default:
      return `waggle cannot listen at ${where}: ${(error as Error).message}`;
  }
}
