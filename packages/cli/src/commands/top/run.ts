/** `waggle top`: a session whose events and samples go to a terminal, until one leaves it. */

import { fchownSync } from 'node:fs';
import { hostname } from 'node:os';
import { RealProcfs } from '@waggle/cache';
import { ProcessMetadata } from '@waggle/core/plugins/process-metadata';
import { openSession, type Session, superviseCommand } from '@waggle/core/session';
import { onlineCpus } from '@waggle/ffi';
import { commandLine } from '@waggle/text';
import { TerminalView, Top, type TopOptions as ViewOptions } from '@waggle/tui';
import * as Effect from 'effect/Effect';
import { commandBytes } from '../../command-bytes.ts';
import { FAILED, USAGE_ERROR } from '../../exit-code.ts';
import { describeBy } from '../../live-session/describe.ts';
import { liveSession } from '../../live-session/live-session.ts';
import { ProgramText } from '../../live-session/program-text.ts';
import { runningAlready, withDescendants } from '../../live-session/targets.ts';
import { chosenCgroups } from '../../options/chosen-cgroups.ts';
import { runToExitCode, scoped, stopOnSignal } from '../../run-effect.ts';
import { say } from '../../terminal/messages.ts';
import { hostUsers } from '../../users/passwd.ts';
import { asHint, runAs } from '../../users/run-as.ts';
import { Collections } from './collections.ts';
import { hostMemory } from './host-memory.ts';
import { MoreSamples, type MoreSamplesSettings } from './more-samples.ts';
import type { TopOptions } from './options.ts';
import { OwnTerminal } from './own-terminal.ts';
import { Reports } from './reports.ts';
import { samplesByThread } from './samples-by-thread.ts';
import { saveShown } from './save-shown.ts';
import { loadSettings, saveSettings, settingsPath } from './settings-file.ts';
import { whyNoTerminal } from './terminal-needs.ts';
import { WatchedCommand } from './watched-command.ts';

/** Milliseconds between two pictures. */
const REFRESH_MS = 250;
/** Of what the command writes to: colours of 24 bits, as xterm has them. */
const TERMINAL_VARIABLES = ['TERM=xterm-256color', 'COLORTERM=truecolor'];

export async function runTop(options: TopOptions, command: readonly string[]): Promise<number> {
  if (options.as !== undefined && command.length === 0) {
    say('--as chooses who runs the command: give one behind --');
    return USAGE_ERROR;
  }
  const problem =
    options.screenReader === true ? undefined : whyNoTerminal(process.env.TERM, process.stdout);
  if (problem !== undefined) {
    say(problem);
    return FAILED;
  }
  const cgroups = chosenCgroups(options);
  if (typeof cgroups === 'string') {
    say(cgroups);
    return USAGE_ERROR;
  }
  return runToExitCode(Effect.scoped(top({ ...options, cgroup: cgroups }, command)));
}

const top = Effect.fnUntraced(function* (options: TopOptions, words: readonly string[]) {
  const procfs = new RealProcfs();
  const { pid: pids, screenReader = false } = options;
  const tell = (message: string) => (screenReader ? say(message) : view.say(message));
  const argv = commandBytes(words);
  const output =
    argv === undefined || screenReader ? undefined : yield* scoped(() => new OwnTerminal());
  const session: Session = yield* openSession(
    liveSession({
      ...options,
      launcher: argv !== undefined,
      pids: pids && (() => withDescendants(procfs, pids)),
      sampling: samplesByThread(options.lines === true),
      // Directory and files of programs, to copy them as they ran.
      execDetail: true,
      onBriefEvents: (events) => view.addBriefEvents(events, Date.now()),
      onProblem: tell,
    }),
  );
  let commandPid: number | undefined;
  const more = new MoreSamples({
    ...options,
    target: () => targetOf(options, commandPid, procfs),
    onProfile: (measure, profile, until) => view.data.addSamples(profile, until, measure),
    onProblem: tell,
  });
  yield* Effect.addFinalizer(() => Effect.promise(() => more.end()));
  let terminal: TerminalView | undefined;
  const settingsAt = settingsPath(process.env);
  const settings = loadSettings(settingsAt);
  const view = makeView(options, procfs, session, {
    copy: (text) => terminal?.copy(text),
    measure: (measure) => more.measure(measure),
    hasOutput: output !== undefined,
    settings: typeof settings === 'string' ? {} : settings,
  });
  if (typeof settings === 'string') tell(settings);
  else
    yield* Effect.addFinalizer(() => Effect.promise(() => saveSettings(settingsAt, view.settings)));
  view.data.start(Date.now(), runningAlready(options, words, procfs));
  const stop = () => session.stop();
  const hint = asHint(words, options.as);
  if (hint !== undefined) tell(hint);
  // As login(1) does it: what the command opens by the terminal's name is its own.
  if (output !== undefined && options.as !== undefined)
    fchownSync(output.descriptor, options.as.uid, options.as.gid);
  if (screenReader) yield* scoped(() => new Reports(view, options, stop));
  else {
    terminal = yield* openTerminal(view, options, output);
    terminal.left.then(stop);
  }
  const command =
    argv &&
    (yield* superviseCommand(session, argv, {
      // Our own standard output has the reports.
      stdout: 'stderr',
      terminal: output?.descriptor,
      environment: output === undefined ? [] : TERMINAL_VARIABLES,
      user: runAs(options.as),
    }));
  let watched: WatchedCommand | undefined;
  if (command === undefined) yield* stopOnSignal(stop);
  else {
    commandPid = command.pid;
    watched = yield* scoped(
      () =>
        new WatchedCommand(command, {
          stop,
          endsWithIt: screenReader,
          onEnd: (how) => view.commandEnded(how),
        }),
    );
  }
  yield* scoped(
    () => new Collections(session, (profile, until) => view.data.addSamples(profile, until), tell),
  );
  yield* scoped(() => new ProgramText(() => session.kernel.native.releaseProgramText()));
  yield* session.run;
  return watched?.exitCode ?? 0;
});

const openTerminal = (view: Top, options: TopOptions, output: OwnTerminal | undefined) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      TerminalView.open(view, {
        refreshMs: options.refresh === undefined ? REFRESH_MS : options.refresh * 1000,
        mouse: options.mouse,
        env: process.env,
        output,
      }),
    ),
    (open) => Effect.sync(() => open.close()),
  );

/** Whom another session of the same view is about. */
function targetOf(
  { pid, cgroup }: TopOptions,
  command: number | undefined,
  procfs: RealProcfs,
): ReturnType<MoreSamplesSettings['target']> {
  const pids = command === undefined ? pid : [command];
  return {
    pids,
    cgroups: cgroup,
    named: pids && (() => withDescendants(procfs, pids)),
  };
}

function makeView(
  { frequency, reveal }: TopOptions,
  procfs: RealProcfs,
  session: Session,
  more: Pick<ViewOptions, 'copy' | 'measure' | 'hasOutput' | 'settings'>,
): Top {
  const view: Top = new Top(
    {
      ...more,
      host: hostname(),
      cpus: onlineCpus().length,
      frequencyHz: frequency,
      procfs,
      pageBytes: session.kernel.native.pageSize,
      bootTimeMs: Date.now() - uptimeMs(),
      threadFrames: true,
      memory: () => hostMemory(),
      reveal: reveal === true,
      userName: (uid: number) => hostUsers().byUid(uid)?.name ?? String(uid),
      commandLine: (argv: readonly string[]) => commandLine(argv),
      describe: describeBy(session.service(ProcessMetadata)),
      save(stacks, path, measure, opens) {
        const now = Date.now();
        const spanMs = view.data.samples.spanMs(now);
        const shown = { stacks, measure, frequencyHz: frequency, now, spanMs };
        return saveShown(shown, path, opens);
      },
    },
    Date.now(),
  );
  return view;
}

const uptimeMs = (): number => process.getBuiltinModule('node:os').uptime() * 1000;
