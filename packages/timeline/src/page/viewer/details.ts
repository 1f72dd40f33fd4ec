/**
 * What is known of the selected process, and where nothing is selected which programs took the time.
 */

import { commandLine, shellCommand } from '@waggle/text';
import type { PageElement, PageWindow } from '@waggle/text/page';
import type { Column } from '../page-data.ts';
import type { Colours } from './colours.ts';
import { countText, outcomeOf, programCpuText, shortTime, sizeText, timeText } from './texts.ts';
import type { Timeline } from './timeline.ts';

/** Programs that are listed; the table has all processes. */
const MAX_PROGRAMS = 40;
const MAX_VARIABLES = 200;
const MAX_TRIES = 50;

export interface DetailsActions {
  select(process: number): void;
  search(text: string): void;
}

export function createDetails(
  window: PageWindow,
  place: PageElement,
  first: Timeline,
  colours: Colours,
  actions: DetailsActions,
) {
  const { document } = window;
  let timeline = first;
  let { data, name, parent, start, end, imageFrom, failureFrom } = timeline;
  let { processes, images, failures, texts, commands, lists, names } = data;

  function element(tag: string, className: string, ...children: (PageElement | string)[]) {
    const made = document.createElement(tag);
    if (className !== '') made.className = className;
    made.append(...children);
    return made;
  }

  function button(text: string, act: () => void, className = 'link'): PageElement {
    const made = element('button', className, text);
    made.setAttribute('type', 'button');
    made.addEventListener('click', act);
    return made;
  }

  const textAt = (index: number | undefined): string => texts[index ?? -1] ?? '';

  function facts(rows: readonly (readonly [string, PageElement | string])[]): PageElement {
    const list = element('dl', 'facts');
    for (const [label, value] of rows)
      if (value !== '') list.append(element('dt', '', label), element('dd', '', value));
    return list;
  }

  function copyButton(label: string, text: string): PageElement[] {
    const { clipboard } = window.navigator;
    if (clipboard === undefined) return [];
    return [button(label, () => void clipboard.writeText(text).catch(() => {}), 'small')];
  }

  function commandBlock(index: number, isCut: boolean, image = -1): PageElement {
    const line = commandLine(commands[index] ?? [], { goesOn: isCut });
    const block = element('div', 'command', element('code', '', line));
    if (isCut) return block;
    block.append(...copyButton('Copy', line));
    if (image >= 0) block.append(...copyButton('Copy as it ran', commandOf(image)));
    return block;
  }

  /** Undefined where there is none. */
  const listAt = (index: number | undefined): readonly number[] | undefined => lists[index ?? -1];
  const textsOf = (indices: readonly number[] | undefined): readonly string[] | null =>
    indices?.map((each) => textAt(each)) ?? null;

  /** In its directory, with what it had that its parent had not, and its redirections. */
  function commandOf(image: number): string {
    return shellCommand({
      filename: textAt(images.filename[image]) || null,
      argv: commands[images.command[image] as number] ?? [],
      cwd: textAt(images.cwd[image]) || null,
      stdio: textsOf(listAt(images.stdio[image])),
      environ: textsOf(listAt(images.environ[image])),
      parentEnviron: textsOf(environAbove(images.process[image] as number, image)),
    });
  }

  /** That of its parent's image at that time. */
  function environAbove(process: number, image: number): readonly number[] | undefined {
    const above = parent[process] as number;
    let environ: readonly number[] | undefined;
    if (above >= 0)
      for (let each = imageFrom[above] as number; each < (imageFrom[above + 1] as number); each++)
        if ((images.at[each] as number) <= (images.at[image] as number))
          environ = listAt(images.environ[each]);
    return environ;
  }

  /** Variables that its parent's image at that time did not have, or had otherwise. */
  function environOf(process: number, image: number): PageElement | undefined {
    const own = listAt(images.environ[image]);
    if (own === undefined) return undefined;
    const before = environAbove(process, image);
    const had = new Set(before ?? []);
    const has = new Set(own);
    const nameOf = (variable: string) => variable.slice(0, variable.indexOf('='));
    const kept = new Set(own.map((each) => nameOf(textAt(each))));
    const lines = [
      ...own.filter((each) => !had.has(each)).map((each) => `+ ${textAt(each)}`),
      ...(before ?? [])
        .filter((each) => !has.has(each) && !kept.has(nameOf(textAt(each))))
        .map((each) => `- ${textAt(each)}`),
    ].slice(0, MAX_VARIABLES);
    const title =
      before === undefined
        ? 'Environment'
        : lines.length === 0
          ? ''
          : 'Environment, against its parent';
    if (title === '') return element('p', 'hint', 'Environment: as its parent has it');
    return element('div', '', element('h3', '', title), element('pre', '', lines.join('\n')));
  }

  /** Those before an image are a search through PATH, as shells and build tools make it. */
  function failuresOf(process: number): PageElement[] {
    const lastImage = (imageFrom[process + 1] as number) - 1;
    const found =
      lastImage >= (imageFrom[process] as number) ? (images.at[lastImage] as number) : -1;
    const all = Array.from(
      { length: (failureFrom[process + 1] as number) - (failureFrom[process] as number) },
      (_, each) => (failureFrom[process] as number) + each,
    );
    const searched = all.filter((each) => (failures.at[each] as number) <= found);
    const tried = searched
      .slice(0, MAX_TRIES)
      .map((each) => `${textAt(failures.error[each])} ${textAt(failures.filename[each])}`);
    if (searched.length > MAX_TRIES) tried.push(`and ${searched.length - MAX_TRIES} more`);
    return [
      ...(tried.length === 0
        ? []
        : [element('h3', '', 'Tried before'), element('pre', '', tried.join('\n'))]),
      ...all
        .slice(searched.length)
        .slice(0, MAX_TRIES)
        .flatMap((each) => [
          element(
            'h3',
            'bad',
            `${textAt(failures.error[each])} at ${timeText(failures.at[each] as number)}`,
          ),
          facts([['Program', textAt(failures.filename[each])]]),
          commandBlock(failures.command[each] as number, false),
        ]),
    ];
  }

  function show(process: number): void {
    const at = (column: Column) => column[process] ?? -1;
    const above = parent[process] as number;
    const nodes: PageElement[] = [
      button('\u2039 Programs', () => actions.select(-1)),
      element('h2', '', names[name[process] as number] ?? ''),
      facts([
        ['Ended', outcomeOf(timeline, process)],
        ['Took', timeText((end[process] as number) - (start[process] as number))],
        ['Began', `${timeText(Math.max(0, start[process] as number))} after the first event`],
        ['CPU', cpuText(at(processes.user), at(processes.system))],
        ['Peak memory', sizeText(at(processes.memory))],
        ['Major faults', at(processes.majorFaults) < 0 ? '' : countText(at(processes.majorFaults))],
        ['Read', sizeText(at(processes.readBytes))],
        ['Written', sizeText(at(processes.writeBytes))],
        ['Critical path', at(processes.critical) > 0 ? timeText(at(processes.critical)) : ''],
        ['PID', String(at(processes.pid))],
        ['User id', at(processes.uid) < 0 ? '' : String(at(processes.uid))],
        ['Container', textAt(at(processes.container)).slice(0, 12)],
        [
          'Parent',
          above < 0
            ? ''
            : button(`${names[name[above] as number]} (${processes.pid[above]})`, () =>
                actions.select(above),
              ),
        ],
      ]),
    ];
    for (
      let image = imageFrom[process] as number;
      image < (imageFrom[process + 1] as number);
      image++
    ) {
      nodes.push(
        element(
          'h3',
          '',
          `${names[images.name[image] as number]} from ${timeText(images.at[image] as number)}`,
        ),
        commandBlock(images.command[image] as number, images.isCut[image] === 1, image),
        facts([
          ['Program', textAt(images.filename[image])],
          ['Directory', textAt(images.cwd[image])],
          ['Files', textsOf(listAt(images.stdio[image]))?.join('  ') ?? ''],
        ]),
      );
      const environ = environOf(process, image);
      if (environ !== undefined) nodes.push(environ);
    }
    nodes.push(...failuresOf(process));
    place.replaceChildren(...nodes);
  }

  let programs: PageElement | undefined;

  function makePrograms(): PageElement {
    const rows = timeline.programs
      .filter(({ runs }) => runs > 0)
      .sort((a, b) => b.critical - a.critical || b.time - a.time);
    const hasCpu = rows.some(({ cpu }) => cpu > 0);
    const hasUnknown = hasCpu && rows.some(({ cpuUnknown }) => cpuUnknown > 0);
    const heads = ['Program', 'Runs', 'Failed', 'Time', ...(hasCpu ? ['CPU'] : []), 'Critical'];
    const head = element('tr', '', ...heads.map((each) => element('th', '', each)));
    const body = element('tbody', '');
    for (const sum of rows.slice(0, MAX_PROGRAMS)) {
      const { program, index, runs, failed, time, critical } = sum;
      const dot = element('span', 'dot');
      dot.style.setProperty('background', colours.program(index));
      const first = element(
        'td',
        'name',
        dot,
        button(program, () => actions.search(program)),
      );
      const values = [
        countText(runs),
        failed === 0 ? '' : countText(failed),
        shortTime(time),
        ...(hasCpu ? [programCpuText(sum)] : []),
        critical > 0 ? shortTime(critical) : '',
      ];
      body.append(element('tr', '', first, ...values.map((each) => element('td', '', each))));
    }
    const more = rows.length - MAX_PROGRAMS;
    return element(
      'div',
      '',
      element('h2', '', 'Programs'),
      element(
        'p',
        'hint',
        `Critical: what the end waited for. Only what is on that path makes the whole shorter.${hasUnknown ? ' CPU is known of what has ended.' : ''}`,
      ),
      element('table', 'programs', element('thead', '', head), body),
      ...(more > 0 ? [element('p', 'hint', `and ${more} more`)] : []),
    );
  }

  function showAny(process: number): void {
    if (process >= 0) show(process);
    else {
      programs ??= makePrograms();
      place.replaceChildren(programs);
    }
  }

  return {
    /** -1 for the programs. */
    show(process: number): void {
      showAny(process);
      if (process >= 0) place.scrollTop = 0;
    },
    take(next: Timeline): void {
      timeline = next;
      ({ data, name, parent, start, end, imageFrom, failureFrom } = next);
      ({ processes, images, failures, texts, commands, lists, names } = data);
      programs = undefined;
    },
    /** As it is now, unless somebody is at one of its buttons. */
    showAgain(process: number): void {
      if (!place.contains(document.activeElement) || document.activeElement === place)
        showAny(process);
    },
    /** Colours of programs are others now. */
    recolour(): void {
      programs = undefined;
    },
  };
}

function cpuText(user: number, system: number): string {
  if (user < 0 || system < 0) return '';
  return `${timeText(user + system)} (${timeText(user)} user, ${timeText(system)} kernel)`;
}
