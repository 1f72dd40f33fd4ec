# Sourced by ./waggle and scripts/setup with $root set to the repository: is there a bundle of the
# sources as they are now, and how is it made? packages/cli/scripts/bundle.ts tells in current.sh
# which bundle is the newest and what it was made from. Looking takes shell built-ins only and
# about 2 ms.

bundles=$root/packages/cli/bundle

# Sets $bundle, relative to $root. With $1, the first word of a command line, only what this command reads counts,
# and what main.js is made of. Not older is not enough: a source may have changed in the same tick of the clock in
# which its bundle was begun.
bundle_is_current() {
  [ -r "$bundles/current.sh" ] || return 1
  bundle_commands=
  . "$bundles/current.sh"
  [ -r "$root/$bundle/main.js" ] || return 1
  bundle_looked_at=$bundle_sources
  for command in $bundle_commands; do
    if [ $# = 0 ] || [ "$1" = "$command" ]; then
      eval "bundle_looked_at=\"\$bundle_looked_at \$bundle_sources_$command\""
    fi
  done
  for source in $bundle_looked_at; do
    # In some shells a file is also newer than one that is missing; then its folder changed.
    if ! [ "$root/$bundle/stamp" -nt "$root/$source" ]; then return 1; fi
  done
}

bundle_is_writable() {
  if [ -d "$bundles" ]; then [ -w "$bundles" ]; else [ -w "$root/packages/cli" ]; fi
}

# Takes some 0.7 s of CPU. Several at once do no harm: each makes its own, and the last one counts.
make_bundle() {
  bundle_is_writable &&
    run_bun '' "$root/packages/cli/scripts/bundle.ts" &&
    give_to_owner "$bundles"
}
