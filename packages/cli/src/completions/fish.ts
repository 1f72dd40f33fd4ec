/** The completion of fish. */

import {
  type DescribedArgument,
  type DescribedCommand,
  type DescribedOption,
  type ValueKind,
  withCommands,
} from './described.ts';

/** -F offers files, -x nothing but what follows. */
const VALUES: Readonly<Record<ValueKind, string>> = {
  file: '-r -F',
  folder: "-x -a '(__fish_complete_directories)'",
  pid: "-x -a '(__fish_complete_pids)'",
  user: "-x -a '(__fish_complete_users)'",
  program: "-x -a '(__fish_complete_subcommand)'",
  other: '-x',
};

export function fishCompletion(program: DescribedCommand): string {
  const commands = withCommands(program);
  const paths = commands.map(({ path }) => `'${path.join(' ')}'`).join(' ');
  return `# fish completion of waggle, made by \`waggle completions fish\`.

# Which command was typed, or \`program\` behind the dashes, where one of the user's is.
function __waggle_path
    set -l path waggle
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        if test "$word" = --
            echo program
            return
        end
        if contains -- "$path $word" ${paths}
            set path "$path $word"
        end
    end
    echo $path
end

# What completes the program's own command line.
function __waggle_program
    set -l words (commandline -opc)
    set -l dashes (contains -i -- -- $words)
    set -e words[1..$dashes]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

complete -c waggle -f
complete -c waggle -n 'test "$(__waggle_path)" = program' -a '(__waggle_program)'
${commands.flatMap(ofCommand).join('\n')}
`;
}

function ofCommand({
  path,
  options,
  commands,
  arguments: [place],
}: DescribedCommand): readonly string[] {
  const at = `complete -c waggle -n 'test "$(__waggle_path)" = "${path.join(' ')}"'`;
  return [
    ...commands.map(
      (each) => `${at} -a ${each.path.at(-1)} -d ${quoted(firstOf(each.description))}`,
    ),
    ...options.map((option) => `${at} ${ofOption(option)}`),
    ...ofPlace(place).map((words) => `${at} ${words}`),
  ];
}

function ofPlace(place: DescribedArgument | undefined): readonly string[] {
  if (place === undefined) return [];
  if (place.choices.length > 0) return [`-a ${quoted(place.choices.join(' '))}`];
  if (place.value === 'file') return ['-F'];
  if (place.value === 'pid') return ["-a '(__fish_complete_pids)'"];
  return [];
}

function ofOption({ names, description, value, choices }: DescribedOption): string {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const behind =
    value === undefined
      ? ''
      : choices.length > 0
        ? ` -x -a ${quoted(choices.join(' '))}`
        : ` ${VALUES[value]}`;
  return `${spelled.join(' ')}${behind} -d ${quoted(firstOf(description))}`;
}

/** It shows one line: what stands before the details. */
function firstOf(description: string): string {
  return description.split(/[;:(]/, 1)[0]?.trim() ?? description;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
