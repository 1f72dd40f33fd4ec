/** The completion of zsh, by its own _arguments. */

import {
  type DescribedArgument,
  type DescribedCommand,
  type DescribedOption,
  type ValueKind,
  withCommands,
} from './described.ts';

const ACTIONS: Readonly<Record<ValueKind, string>> = {
  file: '_files',
  folder: '_files -/',
  pid: String.raw`{compadd -- /proc/<->(\:t)}`,
  user: '_users',
  program: '_normal',
  other: ' ',
};

export function zshCompletion(program: DescribedCommand): string {
  return `#compdef waggle
# zsh completion of waggle, made by \`waggle completions zsh\`.

${withCommands(program).map(ofCommand).join('\n\n')}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _waggle "$@"
else
  compdef _waggle waggle
fi
`;
}

function ofCommand(command: DescribedCommand): string {
  const { commands, options } = command;
  const specs = options.map((option) => `    ${ofOption(option)}`);
  if (commands.length === 0) {
    const places = command.arguments.map((place, index) => `    ${ofPlace(place, index)}`);
    return `${nameOf(command)}() {
  _arguments -s -S \\
${[...specs, ...places].join(' \\\n')}
}`;
  }
  const list = commands.map(
    (each) => `        ${quoted(`${each.path.at(-1)}:${each.description}`)}`,
  );
  const calls = commands.map((each) => `        ${each.path.at(-1)}) ${nameOf(each)} ;;`);
  return `${nameOf(command)}() {${command.path.length === 1 ? BEHIND_DASHES : ''}
  local curcontext=$curcontext state line
  local -a commands
  _arguments -C \\
${[...specs, "    '1: :->command'", "    '*:: :->rest'"].join(' \\\n')}
  case $state in
    command)
      commands=(
${list.join('\n')}
      )
      _describe -t commands command commands
      ;;
    rest)
      case $line[1] in
${calls.join('\n')}
      esac
      ;;
  esac
}`;
}

/** Behind the dashes all words are the program's. */
const BEHIND_DASHES = `
  local -i dashes=\${words[(i)--]}
  if ((dashes < CURRENT)); then
    shift dashes words
    ((CURRENT -= dashes))
    _normal
    return
  fi`;

function nameOf({ path }: DescribedCommand): string {
  return `_${path.join('_')}`;
}

/** All names of an option, of which one is enough unless it can be repeated. */
function ofOption({ names, description, value, choices }: DescribedOption): string {
  const isRepeated = /repeatable/.test(description);
  const but = isRepeated ? "'*'" : names.length > 1 ? `'(${names.join(' ')})'` : '';
  const spelled = names.map((name) => {
    if (value === undefined) return name;
    return name.startsWith('--') ? `${name}=` : `${name}+`;
  });
  const list = spelled.length > 1 ? `{${spelled.join(',')}}` : `'${spelled[0]}'`;
  const action = choices.length > 0 ? `(${choices.join(' ')})` : ACTIONS[value ?? 'other'];
  const behind = value === undefined ? '' : `:${value}:${action}`;
  return `${but}${list}${quoted(`[${description.replaceAll(/[[\]\\]/g, '\\$&')}]${behind}`)}`;
}

function ofPlace({ name, value, choices, isRepeated }: DescribedArgument, index: number): string {
  // A program has its own completion.
  if (value === 'program') return quoted(`*::${name}:_normal`);
  const action = choices.length > 0 ? `(${choices.join(' ')})` : ACTIONS[value];
  return quoted(`${isRepeated ? '*' : index + 1}:${name}:${action}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
