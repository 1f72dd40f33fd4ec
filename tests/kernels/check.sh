#!/bin/sh
# Whether waggle works, and stacks without frame pointers are whole, on other kernels of this
# architecture. Not a part of `npm test`: each takes some three minutes, because it is emulated.
#
#   apt-get download linux-image-6.1.0-56-amd64
#   tests/kernels/check.sh linux-image-*.deb
#
# Ends with 0 when on each kernel doctor misses nothing but counters of the CPU and Debian's leave to
# record without rights, trace loses nothing and shows what each of its sources is for, stacks by frame
# pointers have their callers, and no more than 1 % of the stacks of each program without frame pointers
# are cut off for another reason than that waggle was too slow, which the emulation may be to blame for.
# Below Linux 5.11 there is only trace, and record has to say so. Needs what boot.sh needs, and a C and a
# C++ compiler.
set -eu

[ $# -ge 1 ] || { echo "usage: $0 KERNEL.deb..." >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case $root in
  /tmp/* | /run/*)
    echo "$0: the virtual machine has a /tmp and a /run of its own, so it does not see $root" >&2
    exit 2
    ;;
esac
programs=$(mktemp -d /var/tmp/waggle-kernels-XXXXXX)
trap 'rm -rf "$programs"' EXIT
flags='-O1 -fomit-frame-pointer -fno-optimize-sibling-calls -pthread'
for name in call_tree deep stacks; do
  cc $flags "$root/tests/workloads/$name.c" -o "$programs/$name"
done
c++ $flags "$root/tests/workloads/throws.cpp" -o "$programs/throws"
cc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls "$root/tests/workloads/call_tree.c" \
  -o "$programs/call_tree_fp"
cc $flags -fno-builtin "$root/tests/workloads/heap.c" -o "$programs/heap"
cc $flags "$root/tests/workloads/waits.c" -o "$programs/waits"
cp "$root/tests/workloads/attach_kinds.bpf.c" "$programs/attach_kinds.bpf.c"
"$root/waggle" bpf build --import-from "$root/packages/core/src/bpf.ts" "$programs/attach_kinds.bpf.c"

# What cannot be seen is said in lines that begin with `missing`, as doctor's do.
cat >"$programs/trace" <<COMMANDS
waggle="$root/node_modules/.bin/bun --config=/dev/null --no-env-file --no-install \\
  $root/packages/cli/src/main.ts"
expect() { grep -q "\$2" "/tmp/\$1" || echo "missing  \$2"; }
uname -r
\$waggle doctor

\$waggle trace -- true

echo 'trace: an event of each kind'
\$waggle trace --json --events fork,exec,exit,failed-exec -- \\
  sh -c '/bin/true & wait; sleep 9 & kill -9 \$!; wait; /no/such/program' >/tmp/events
expect events '"event":"fork"'
expect events '"event":"exec".*"filename":"/bin/true"'
expect events '"event":"exit".*"exitCode":0,"signal":"SIGKILL"'
expect events '"event":"failed-exec".*"error":"ENOENT".*"filename":"/no/such/program"'

echo 'trace: a cgroup, with the one that it holds'
mkdir -p /sys/fs/cgroup/outer/inner
\$waggle trace --cgroup /sys/fs/cgroup/outer >/tmp/cgroup 2>/tmp/err & tracer=\$!
until grep -q ready /tmp/err; do sleep 0.2; done
sh -c 'echo \$\$ >/sys/fs/cgroup/outer/inner/cgroup.procs; exec true inner'
sh -c 'exec true outside'
kill \$tracer
wait \$tracer
cat /tmp/err
expect cgroup 'true inner'
! grep outside /tmp/cgroup || echo 'missing  a filter by cgroup'
COMMANDS

cat >"$programs/record" <<COMMANDS
echo 'program with frame pointers: call_tree 3000'
\$waggle record -F 499 --unwind fp -o /tmp/out.folded -- $programs/call_tree_fp 3000
expect out.folded ';main;.*sixty '
for words in 'call_tree 3000' 'deep 3000' 'stacks nested 2000' 'stacks threads 2000' 'throws 3000'; do
  echo "program: \$words"
  \$waggle record -F 499 --unwind dwarf -o /tmp/out.folded -- $programs/\$words
  sort -t' ' -k2 -n /tmp/out.folded | awk '{ print \$NF, substr(\$0, 1, 200) }' | sort -rn | head -3
done
COMMANDS

# Times of an emulator say little: what waits, and where, has to be there.
cat >"$programs/probes" <<COMMANDS
echo 'BPF of kinds that not every kernel has'
$root/node_modules/.bin/bun --config=/dev/null --no-env-file --no-install \
  $root/tests/kernels/kinds.ts $programs/attach_kinds.bpf.ts

echo 'functions of the kernel, and a tracepoint: 20 processes'
\$waggle record -e kprobe:begin_new_exec -e kretprobe:begin_new_exec \
  -e tracepoint:sched:sched_process_exec -o /tmp/k.folded -- \
  sh -c 'i=0; while [ \$i -lt 20 ]; do /bin/true; i=\$((i+1)); done'
# The shell's own exec makes it what is recorded, by the tracepoint: the probes are hit before.
for event in kprobe:begin_new_exec:20 kretprobe:begin_new_exec:20 tracepoint:sched:sched_process_exec:21; do
  awk -v event=\${event%:*} -v wanted=\${event##*:} \
    '{ sum += \$NF } END { if (sum != wanted) print "missing  " event ": " sum " of " wanted }' \
    /tmp/k.\${event%:*}.folded
done
expect k.kprobe:begin_new_exec.folded ';begin_new_exec_'

echo 'time off the CPU'
\$waggle record --off-cpu --wakers --group-by thread -o /tmp/off.folded -- $programs/waits 4000 /tmp/disk
expect off.folded 'wait_asleep;.*__schedule_.*interruptible.*woken by'
expect off.folded 'wait_for_pipe;.*interruptible.*woken by.*;main;'
expect off.folded 'wait_for_lock;.*futex'
expect off.folded 'spin_and_wait;.*runnable'

echo 'what is not freed'
\$waggle record --live malloc -o /tmp/heap.folded -- $programs/heap keep 100
expect heap.folded ';keep_small;.* 10000\$'
expect heap.folded ';keep_grown;.* 500000\$'

echo 'a function that returns'
\$waggle record -e uretprobe:malloc -o /tmp/returns.folded -- $programs/heap keep 100
expect returns.folded ';main;keep_small;malloc 100\$'
COMMANDS

cat >"$programs/no-record" <<COMMANDS
\$waggle record -o /tmp/out.folded -- true 2>/tmp/err
expect err 'recording needs Linux 5.11 or newer'
COMMANDS

# How many recordings of programs without frame pointers have whole stacks: 0 where those of one are not. Lines
# as record's summary has them:
#   99.78 % of user stacks are complete; cut off: 2 by code with ..., 3 by an object whose table was ...
#   1 objects have no unwind table: ... or reading it took too long
whole() {
  awk '
    /% of user stacks are complete/ {
      program++
      cut = late = 0
      for (i = 1; i < NF; i++) {
        if ($(i + 1) == "%" && $(i + 2) == "of") percent = $i
        if ($(i + 1) == "by") { cut += $i; if ($(i + 3) == "object") late += $i }
      }
      stacks = cut > 0 ? cut / (1 - percent / 100) : 1
      isWhole[program] = cut - late <= 0.01 * stacks
    }
    /reading it took too long/ { isWhole[program] = 1 }
    END { for (one in isWhole) whole += isWhole[one]; print (whole == program ? whole : 0) + 0 }
  ' "$1"
}

failed=0
for kernel in "$@"; do
  said=$programs/said
  commands=record expected=9 known='^missing  \(hardware counters\|without rights\) '
  if dpkg --compare-versions "$(dpkg-deb -f "$kernel" Version)" lt 5.11; then
    commands=no-record expected=0 known='^missing  \(kernel\|without rights\|CPU sampling\|stacks without frame pointers\) '
  fi
  cat "$programs/trace" "$programs/$commands" >"$programs/commands"
  [ "$commands" = no-record ] || cat "$programs/probes" >>"$programs/commands"
  "$here/boot.sh" "$kernel" "sh $programs/commands" | tee "$said"
  if grep '^missing' "$said" | grep -qv "$known" ||
    [ "$(grep -c 'waggle: [0-9]* events, 0 lost' "$said")" -ne 3 ] || [ "$(whole "$said")" -ne "$expected" ]; then
    echo "FAILED on $kernel"
    failed=1
  else
    echo "works on $kernel"
  fi
done
exit $failed
