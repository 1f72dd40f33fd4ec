# Prints what zsh offers for a line: zsh -f zsh-words.zsh COMPLETION LINE. zsh has no command that asks, so
# a second one is typed to through a pseudo-terminal, whose compadd tells what it is given.
zmodload zsh/zpty
folder=$(mktemp -d)
cat >$folder/.zshrc <<'RC'
PS1= PROMPT_SP=
setopt no_beep no_prompt_sp
autoload -Uz compinit
compinit -D -u
source $COMPLETION
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return $?; fi
  local -a hits
  builtin compadd -A hits "$@"
  ((${#hits})) && print -l -- "<"$^hits
  builtin compadd "$@"
}
finish() { print; print DONE; exit }
zle -N finish
bindkey '^I' complete-word
bindkey '^X^F' finish
LISTMAX=10000
print READY
RC
zpty inner "COMPLETION=${(q)1} ZDOTDIR=$folder exec zsh -d -i"
zpty -r inner text '*READY*'
zpty -w -n inner "$2"$'\t\x18\x06'
while zpty -r inner text; do
  for word in ${(f)text//$'\r'/}; do
    [[ $word == *DONE* ]] && break 2
    [[ $word == *'<'* ]] && print -r -- ${word##*'<'}
  done
done
zpty -d inner
rm -r $folder
