/** `waggle serve`: a session whose events and samples go to a server, until a signal ends it. */

import { hostname } from 'node:os';
import { RealProcfs } from '@waggle/cache';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { openSession, type Session, superviseCommand } from '@waggle/core/session';
import { onlineCpus } from '@waggle/ffi';
import { LiveServer, ownerFrames } from '@waggle/serve';
import * as Effect from 'effect/Effect';
import packageJson from '../../../package.json' with { type: 'json' };
import { commandBytes } from '../../command-bytes.ts';
import { FAILED } from '../../exit-code.ts';
import { describeBy } from '../../live-session/describe.ts';
import { liveSession } from '../../live-session/live-session.ts';
import { ProgramText } from '../../live-session/program-text.ts';
import { runningAlready, targetInWords, withDescendants } from '../../live-session/targets.ts';
import { whyNotListening } from '../../options/listen.ts';
import { heededSignals, runToExitCode, scoped, stopOnSignal } from '../../run-effect.ts';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { say } from '../../terminal/messages.ts';
import { Output } from '../../terminal/output.ts';
import type { ServeOptions } from './options.ts';
import { tokenFor } from './token.ts';
import { warnOfListening } from './warn-of-listening.ts';

/** The page's answers may take a second to make: a storm of that time has room. */
const RING_BYTES = 8 * 1024 * 1024;
const STDOUT = 1;

export async function runServe(options: ServeOptions, command: readonly string[]): Promise<number> {
  const found = tokenFor(options.tokenFile);
  if ('problem' in found) {
    say(found.problem);
    return FAILED;
  }
  return runToExitCode(Effect.scoped(serve(options, command, found.token)));
}

const serve = Effect.fnUntraced(function* (
  options: ServeOptions,
  words: readonly string[],
  token: string,
) {
  const procfs = new RealProcfs();
  const { pid: pids } = options;
  let server: LiveServer | undefined;
  const session: Session = yield* openSession(
    liveSession({
      ...options,
      launcher: words.length > 0,
      pids: pids && (() => withDescendants(procfs, pids)),
      sampling: { rootFrames: ownerFrames, holdsLittle: true },
      execDetail: true,
      ringBytes: RING_BYTES,
      onBriefEvents: (events) => server?.addBriefEvents(events),
      onProblem: (message) => say(`warning: ${message}`),
    }),
  );
  const listening = listen(options, words, token, procfs, session);
  if (typeof listening === 'string') {
    say(listening);
    return FAILED;
  }
  server = listening;
  yield* Effect.addFinalizer(() => Effect.promise(() => listening[Symbol.asyncDispose]()));
  const argv = commandBytes(words);
  // Before the URL is said: who reads it may end it at once.
  if (argv === undefined) yield* stopOnSignal(() => session.stop());
  // Our standard output has the URL; where that is no terminal the command's goes to the other.
  const stdout = isTerminal(STDOUT) ? 'inherit' : 'stderr';
  yield* Effect.promise(() => new Output().write(`${listening.url}\n`));
  warnOfListening(options.listen, options.allowHost);
  const command = argv && (yield* superviseCommand(session, argv, { stdout }));
  yield* scoped(() => new ProgramText(() => session.kernel.native.releaseProgramText()));
  if (command !== undefined) yield* scoped(() => new AfterCommand(session, command.ended));
  yield* session.run;
  return command === undefined ? 0 : (yield* Effect.promise(() => command.ended)).exitCode;
});

/** The server, or in words why there is none. */
function listen(
  options: ServeOptions,
  words: readonly string[],
  token: string,
  procfs: RealProcfs,
  session: Session,
): LiveServer | string {
  const { listen: address, frequency, keep, reveal, allowHost } = options;
  try {
    return new LiveServer({
      ...address,
      token,
      allowedHosts: allowHost,
      host: hostname(),
      target: targetInWords(options, words),
      version: packageJson.version,
      cpus: onlineCpus().length,
      frequencyHz: frequency,
      procfs,
      bootTimeMs: Date.now() - process.getBuiltinModule('node:os').uptime() * 1000,
      keepMs: keep * 1000,
      reveal,
      pids: runningAlready(options, words, procfs),
      describe: describeBy(session.service(ProcessMetadata)),
      collect: () => Effect.runPromise(session.collect),
      failed: (error) => say(`warning: ${error instanceof Error ? error.message : String(error)}`),
    });
  } catch (error) {
    return whyNotListening(address, error);
  }
}

/** What a command did can be looked at after its end, unless somebody wanted all of it to end. */
class AfterCommand implements Disposable {
  readonly #stop: () => void;
  #ended = false;
  #interrupted = false;
  readonly #onSignal = () => {
    this.#interrupted = true;
    if (this.#ended) this.#stop();
  };

  constructor(session: Session, ended: Promise<{ readonly exitCode: number }>) {
    this.#stop = () => session.stop();
    for (const signal of heededSignals()) process.on(signal, this.#onSignal);
    void ended.then(({ exitCode }) => {
      this.#ended = true;
      if (this.#interrupted) session.stop();
      else say(`the command has ended with ${exitCode}; the page goes on until Ctrl-C`);
    });
  }

  [Symbol.dispose](): void {
    for (const signal of heededSignals()) process.off(signal, this.#onSignal);
  }
}
