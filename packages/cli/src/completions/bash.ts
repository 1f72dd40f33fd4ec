/** The completion of bash; it needs nothing of the package bash-completion. */

import { type DescribedCommand, type ValueKind, withCommands } from './described.ts';

export function bashCompletion(program: DescribedCommand): string {
  const commands = withCommands(program);
  return `# bash completion of waggle, made by \`waggle completions bash\`.

# Sets what may stand behind a command: its options, its commands, and the kind of its arguments.
_waggle_command() {
  case $1 in
${commands.map(ofCommand).join('\n')}
    *) return 1 ;;
  esac
}

# Sets the kind of the value of a command's option; false where it has none.
_waggle_value() {
  case $1 in
${commands.flatMap(ofValues).join('\n')}
    *) return 1 ;;
  esac
}

# Prints what begins with $2, of a kind.
_waggle_offer() {
  case $1 in
    file) compgen -f -- "$2" ;;
    folder) compgen -d -- "$2" ;;
    user) compgen -u -- "$2" ;;
    program) compgen -c -- "$2" ;;
    pid) (cd /proc && compgen -W "$(echo [0-9]*)" -- "$2") ;;
    words:*) compgen -W "\${1#words:}" -- "$2" ;;
  esac
}

_waggle() {
  local path=waggle waits= started= options commands argument value index word
  local current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $current == = ]]; then current=; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ $word == = ]]; then
      continue
    elif [[ -n $waits ]]; then
      waits=
    elif [[ $word == -- ]]; then
      started=$((index + 1))
      break
    elif [[ $word == -* ]]; then
      if _waggle_value "$path $word"; then waits=$value; fi
    elif _waggle_command "$path $word"; then
      path="$path $word"
    elif _waggle_command "$path" && [[ $argument == program ]]; then
      # The options of a program are its own.
      started=$index
      break
    fi
  done
  _waggle_command "$path"
  if [[ -n $waits ]]; then
    mapfile -t COMPREPLY < <(_waggle_offer "$waits" "$current")
  elif [[ -n $started ]]; then
    if ((started < COMP_CWORD)); then argument=file; fi
    mapfile -t COMPREPLY < <(_waggle_offer "$argument" "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(_waggle_offer "words:$options" "$current")
  elif [[ -n $commands ]]; then
    mapfile -t COMPREPLY < <(_waggle_offer "words:$commands" "$current")
  else
    mapfile -t COMPREPLY < <(_waggle_offer "$argument" "$current")
  fi
}

complete -o filenames -F _waggle waggle
`;
}

function ofCommand({ path, options, commands, arguments: places }: DescribedCommand): string {
  const names = options.flatMap(({ names }) => names).join(' ');
  const below = commands.map(({ path }) => path.at(-1)).join(' ');
  return `    '${path.join(' ')}') options='${names}' commands='${below}' argument='${kindOf(places[0])}' ;;`;
}

function ofValues({ path, options }: DescribedCommand): string[] {
  return options.flatMap(({ names, value, choices }) => {
    if (value === undefined) return [];
    const patterns = names.map((name) => `'${[...path, name].join(' ')}'`).join(' | ');
    return `    ${patterns}) value='${kindOf({ value, choices })}' ;;`;
  });
}

function kindOf(
  of: { readonly value: ValueKind; readonly choices: readonly string[] } | undefined,
) {
  if (of === undefined) return 'other';
  return of.choices.length > 0 ? `words:${of.choices.join(' ')}` : of.value;
}
