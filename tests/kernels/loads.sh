#!/bin/sh
# Whether other kernels take the programs of each source that walks stacks by tables: the shortest check after an edit
# of BPF, some two minutes for a kernel. check.sh is the long one, and says what is needed.
#
#   tests/kernels/loads.sh linux-image-*.deb
#
# Ends with 0 when none was refused but for a hook that the kernel does not have, and no source went on by frame pointers.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 KERNEL.deb..." >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
commands=$(mktemp /var/tmp/waggle-kernels-XXXXXX)
said=$(mktemp)
trap 'rm -f "$commands" "$said"' EXIT
cat >"$commands" <<COMMANDS
uname -r
for options in '--unwind dwarf' --off-cpu '--off-cpu --wakers' --wall '--live malloc' '-e page-faults' \\
  '-e tracepoint:sched:sched_process_exec' '-e kprobe:begin_new_exec' '-e uprobe:malloc'; do
  echo "record \$options"
  WAGGLE_LOG=debug $root/node_modules/.bin/bun --config=/dev/null --no-env-file --no-install \\
    $root/packages/cli/src/main.ts record \$options -o /tmp/out.folded -- /bin/true 2>&1 |
    grep -e ': refused' -e refused -e 'does not walk' -e 'samples,' -e error
done
COMMANDS

failed=0
for kernel in "$@"; do
  "$here/boot.sh" "$kernel" "sh $commands" | tee "$said"
  if grep -e 'does not walk' -e 'verifier refused' "$said" >/dev/null ||
    [ "$(grep -c 'samples, ' "$said")" -ne 9 ]; then
    echo "FAILED on $kernel"
    failed=1
  else
    echo "works on $kernel"
  fi
done
exit $failed
