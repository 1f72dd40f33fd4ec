/** What an agent kept of a host, over HTTP: the page and the API of `LiveServer`, of what is over. */

import type { StoreReader } from '@waggle/store';
import { RecordedHost } from './recorded/recorded-host.ts';
import { storeProblem } from './recorded/store-problem.ts';
import { type RunningServer, startServer } from './server/server.ts';

export interface RecordedServerOptions {
  /** Stays open for as long as the server. */
  readonly reader: StoreReader;
  /** An address of this host, or `localhost`. */
  readonly hostname: string;
  /** 0 for one that is free. */
  readonly port: number;
  /** What everybody needs who asks: long, and random. */
  readonly token: string;
  /** Names without port under which it may be asked for besides its address: a proxy's. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** What the page calls the host. */
  readonly host: string;
  readonly version: string;
  readonly cpus: number;
  /** Arguments are shown as the store has them. Default: only the program, since they may hold secrets. */
  readonly reveal?: boolean | undefined;
  /** What went wrong here, and is no mistake of who asked. */
  failed(error: unknown): void;
}

export class RecordedServer implements AsyncDisposable {
  readonly #server: RunningServer;

  /**
   * Listens from then on.
   *
   * @throws RangeError for a store that has nothing; an error with the code EADDRINUSE, EADDRNOTAVAIL or EACCES where it
   * cannot listen.
   */
  constructor(options: RecordedServerOptions) {
    const { reader, host, reveal = false } = options;
    const store = new RecordedHost({ reader, host, reveal });
    this.#server = startServer({ ...options, store, live: undefined, explain: storeProblem });
  }

  /** What a person opens: it has the token, behind a `#`, which browsers do not send. */
  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
