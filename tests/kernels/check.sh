#!/bin/sh
# Whether waggle works, and stacks without frame pointers are whole, on other kernels of this
# architecture. Not a part of `npm test`: each takes some two minutes, because it is emulated.
#
#   apt-get download linux-image-6.1.0-56-amd64
#   tests/kernels/check.sh linux-image-*.deb
#
# Ends with 0 when on each kernel doctor misses nothing, trace loses nothing, and no more than 1 % of
# the stacks of each program are cut off for another reason than that waggle was too slow, which the
# emulation may be to blame for. Needs what boot.sh needs, and a C and a C++ compiler.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 KERNEL.deb..." >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
programs=$(mktemp -d /var/tmp/waggle-kernels-XXXXXX)
trap 'rm -rf "$programs"' EXIT
flags='-O1 -fomit-frame-pointer -fno-optimize-sibling-calls -pthread'
for name in call_tree deep stacks; do
  cc $flags "$root/tests/workloads/$name.c" -o "$programs/$name"
done
c++ $flags "$root/tests/workloads/throws.cpp" -o "$programs/throws"

cat >"$programs/commands" <<COMMANDS
waggle() {
  $root/node_modules/.bin/bun --config=/dev/null --no-env-file --no-install \\
    $root/packages/cli/src/main.ts "\$@"
}
uname -r
waggle doctor
waggle trace -- true
for words in 'call_tree 3000' 'deep 3000' 'stacks nested 2000' 'stacks threads 2000' 'throws 3000'; do
  echo "program: \$words"
  waggle record -F 499 --unwind dwarf -o /tmp/out.folded -- $programs/\$words
  sort -t' ' -k2 -n /tmp/out.folded | awk '{ print \$NF, substr(\$0, 1, 200) }' | sort -rn | head -3
done
COMMANDS

failed=0
for kernel in "$@"; do
  said=$programs/said
  "$here/boot.sh" "$kernel" "sh $programs/commands" | tee "$said"
  whole=$(sed -n 's/.*waggle: \([0-9.]*\) % of user stacks are complete\(; cut off\)*/\1 /p' "$said" |
    awk '{
      cut = late = 0
      for (i = 2; i < NF; i++) if ($(i + 1) == "by") { cut += $i; if ($(i + 3) == "object") late += $i }
      stacks = cut > 0 ? cut / (1 - $1 / 100) : 1
      if (cut - late <= 0.01 * stacks) print
    }' | wc -l)
  if grep -q '^missing' "$said" || ! grep -q ' 0 lost, 0 suppressed' "$said" || [ "$whole" -ne 5 ]; then
    echo "FAILED on $kernel"
    failed=1
  else
    echo "works on $kernel"
  fi
done
exit $failed
