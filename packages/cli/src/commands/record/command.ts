/** `waggle record`: its command line. What it does is in run.ts. */

import { Command, Option } from 'commander';
import {
  collect,
  collectContainer,
  collectRegex,
  collectWords,
  parseCount,
  parseCpus,
  parseDuration,
  parseFrequency,
  parseNanoseconds,
  parsePid,
  parseRate,
  parseRegex,
  parseUid,
  parseUser,
  parseWeight,
} from '../../options/parse.ts';
import { GROUPINGS } from './grouping.ts';
import { DEFAULT_OUTPUT, type RecordOptions } from './options.ts';

export function recordCommand(): Command {
  return new Command('record')
    .description('Record where CPU time goes, as a flame graph or folded stacks.')
    .usage('[options] [-- COMMAND [ARG...]]')
    .argument('[command...]', 'run this command and record it and its descendants')
    .passThroughOptions()
    .addOption(
      new Option('-F, --frequency <hz>', 'samples a second on each CPU')
        .argParser(parseFrequency)
        .default(99),
    )
    .option(
      '-e, --event <event>',
      "what is counted in place of CPU time: page-faults, cycles:u and perf's other events; uprobe:[FILE:]FUNCTION, uretprobe:, usdt:[FILE:]PROVIDER:NAME, kprobe:, kretprobe: (repeatable)",
      collect,
    )
    .option(
      '-c, --count <period>',
      'one stack for so many of a perf event (default: each of a software event, -F of the others)',
      parseCount,
    )
    .option(
      '--weight <what>',
      'sum this in place of counting, at each probe: arg1 to arg6, retval, duration (from entry to return)',
      parseWeight,
    )
    .option(
      '--max-rate <rate>',
      'look at so many stacks a second and CPU of a probe at most; the others are counted without one',
      parseRate,
    )
    .addOption(
      new Option('--max-probes <number>', 'refuse a pattern that matches more functions')
        .argParser(parseCount)
        .default(512),
    )
    .option(
      '--list-probes <event>',
      'say what -e EVENT would be attached to, and where, and record nothing',
    )
    .option(
      '--off-cpu',
      'what threads wait for in place of CPU time: how long they were off the CPU, in microseconds (Linux 6.16, or kprobes)',
    )
    .option(
      '--wall',
      'time on the CPU and off it, so that the times of a thread add up to its life',
    )
    .option(
      '--min-block <time>',
      'with --off-cpu: only waits of 200us, 5ms, 1s or more, each with its stack',
      parseNanoseconds,
    )
    .option(
      '--state <states>',
      'with --off-cpu or --wall: only threads that are runnable (wait for a CPU), interruptible or uninterruptible (sleep), or running',
      collectWords,
    )
    .option(
      '--wakers',
      'with --off-cpu or --wall: on top of each wait the stack of who ended it, upside down',
    )
    .option(
      '--live <what>',
      'bytes allocated and not freed, by the stack that allocated them: malloc (and calloc, realloc, ...), or a pair of functions of your own as ALLOCATE:FREE',
    )
    .option(
      '--live-every <time>',
      'with --live: a profile after each so many seconds besides, FILE.10s.svg and so on',
      parseDuration,
    )
    .option(
      '-d, --duration <time>',
      'stop after this time: seconds, or 500ms, 90s, 1m',
      parseDuration,
    )
    .option('-p, --pid <pid...>', 'record these processes and their descendants', parsePid)
    .option('--tid <tid...>', 'record these threads alone', parsePid)
    .option('-a, --all', 'record every process on this host')
    .option('--cgroup <path>', 'only below this cgroup v2 directory (repeatable)', collect)
    .option(
      '--container <id>',
      'only this container, by its id or what it begins with (repeatable)',
      collectContainer,
    )
    .option('--uid <uid>', 'only what runs as this user id', parseUid)
    .option('--comm <regex>', 'only processes whose name matches, 15 bytes or whole', parseRegex)
    .option('--cpu <list>', 'only on these CPUs, such as 0,2-3', parseCpus)
    .addOption(new Option('--include-self', 'waggle itself too').conflicts('excludeSelf'))
    .addOption(new Option('--exclude-self', 'leave waggle itself out (the default)'))
    .option(
      '--as <user>',
      'run the COMMAND as this user: its groups, HOME, USER, LOGNAME, SHELL',
      parseUser,
    )
    .option(
      '-o, --output <where>',
      `.svg, .html, .folded, .pb.gz, .speedscope.json, .json (Firefox Profiler), .otlp or .pftrace (Perfetto: processes and samples with their times), - for folded on stdout, http(s)://HOST:4318 to send it by OTLP (repeatable; default ${DEFAULT_OUTPUT})`,
      collect,
    )
    .addOption(
      new Option(
        '--unwind <how>',
        'find callers by frame pointers, by call frame information (.eh_frame; needs no frame pointers, Linux 6.1), or by the best this kernel can',
      )
        .choices(['fp', 'dwarf', 'auto'])
        .default('auto'),
    )
    .option(
      '--no-interpreters',
      'no functions of interpreted programs (CPython 3.8 to 3.15, Node 18 to 24, HotSpot 11 to 25): native frames',
    )
    .option(
      '--native',
      "an interpreter's own frames, too, beside those of the functions that it runs",
    )
    .option(
      '--java-perf-map',
      'have the Java processes that are sampled (HotSpot 17 and later) write perf maps, as jcmd does: for stacks whose Java functions are not walked otherwise (--unwind fp, --no-interpreters)',
    )
    .addOption(
      new Option(
        '--group-by <what>',
        'what stacks stand on: the name, the process, its threads, its container or cgroup, the module of what runs (a package of Java, a module of Python, a script, a library), the CPU, or (--off-cpu, --wall) its state',
      )
        .choices(GROUPINGS)
        .default('comm'),
    )
    .option(
      '--lines',
      'source lines and inlined functions, of programs and libraries with debug information (gcc -g); of functions of Python and Java the line that each is at, where others have the one they begin at',
    )
    .addOption(
      new Option('--idle', 'with -a: also what CPUs do when idle, under [idle]').conflicts(
        'skipIdle',
      ),
    )
    .addOption(new Option('--skip-idle', 'leave idle CPUs out (the default)'))
    .option(
      '--send-arguments',
      "send the command's arguments too to http(s) outputs; they may hold secrets",
    )
    .option(
      '--redact <regex>',
      "black out what matches in the command's arguments, or what its groups capture (repeatable)",
      collectRegex,
    )
    .addOption(new Option('--user', 'only frames of user space').conflicts('kernel'))
    .addOption(new Option('--kernel', 'only frames of the kernel'))
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  waggle record -o flame.svg -- ./app --input data',
        '  waggle record -F 999 -d 5 -p 4242 -o app.pb.gz -o app.html',
        '  waggle record -a -d 10',
        '  waggle record --off-cpu --min-block 1ms -o waits.svg -- ./app',
        '  waggle record --wall --group-by thread -p 4242 -d 10 -o wall.html',
        '  waggle record --container 3f2a -d 1m -o api.pb.gz; go tool pprof -tagfocus=pid=4242 api.pb.gz',
        '  waggle record --comm "^postgres$" --cpu 0,2-3 -d 30s',
        '  waggle record -e page-faults -o faults.svg -- ./app',
        '  waggle record -e uprobe:parse -o calls.svg -- ./app',
        '  waggle record -e uprobe:libc:malloc --weight arg1 -o bytes.svg -p 4242',
        '  waggle record -e "uprobe:/usr/bin/app:ns::Cache::*" --weight duration -o time.html -a -d 10',
        '  waggle record --list-probes "usdt:*:*" -- ./app',
        '  waggle record -e cpu-clock -e context-switches -o app.pb.gz -p 4242',
        '  waggle record --lines -o app.pb.gz -- ./app; go tool pprof -list main app.pb.gz',
        '  waggle record -o - -- make | sort -k2 -n',
        '  waggle record --redact "--password[= ](\\S+)" -- ./app --password secret',
        '  waggle record -a -d 60 -o host.pb.gz -o http://localhost:4318',
        '',
        'Ctrl-C ends a recording and writes everything. With -p it ends when all that it follows have',
        'ended. A COMMAND inherits what it would without waggle; its exit code is ours, the first Ctrl-C',
        'is its own, the second kills it and its descendants.',
      ].join('\n'),
    )
    .action(async (command: string[], options: RecordOptions, self: Command) => {
      const { runRecord } = await import('./run.ts');
      const frequencyGiven = self.getOptionValueSource('frequency') !== 'default';
      process.exitCode = await runRecord({ ...options, frequencyGiven }, command);
    });
}
