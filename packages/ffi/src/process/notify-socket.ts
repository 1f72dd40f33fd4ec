/**
 * The socket that a service manager names in NOTIFY_SOCKET, for messages of sd_notify(3): datagrams, which
 * neither Bun nor Node sends on Unix sockets. A path, or an abstract name behind `@`: unix(7).
 */

import { SystemError } from '../errors/system-error.ts';
import type { Native } from '../native/native.ts';
import { sendNow } from './send-now.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x8_0000;
/** sun_path, with the NUL behind a path. */
const PATH_BYTES = 108;

export interface NotifySocket extends Disposable {
  /** False where the receiver has no room now. @throws SystemError where nobody receives any more. */
  send(message: string): boolean;
}

/**
 * @throws SystemError where nobody listens there (ENOENT, ECONNREFUSED), or it is no address of such a socket (EINVAL:
 * `vsock:` is none)
 */
export function notifySocket(native: Native, name: string): NotifySocket {
  const address = addressOf(name);
  const { libc } = native;
  const fd = native.checkErrno('socket', libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    native.checkErrno(`connect to ${name}`, libc.connect(fd, address, address.length));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  let isOpen = true;
  return {
    send: (message) => isOpen && sendNow(native, fd, new TextEncoder().encode(message)) > 0,
    [Symbol.dispose]: () => {
      if (isOpen) libc.close(fd);
      isOpen = false;
    },
  };
}

/** struct sockaddr_un: an abstract name is as long as it is, a path has its NUL. */
function addressOf(name: string): Uint8Array {
  const isAbstract = name.startsWith('@');
  const path = new TextEncoder().encode(isAbstract ? `\0${name.slice(1)}` : `${name}\0`);
  const isPath = isAbstract || name.startsWith('/');
  if (!isPath || path.length > PATH_BYTES || path.length < 2)
    throw new SystemError(`connect to ${name}`, EINVAL);
  const address = new Uint8Array(2 + path.length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  return address;
}

const EINVAL = 22;
