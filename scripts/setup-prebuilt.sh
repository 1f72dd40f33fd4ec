# Sourced by scripts/setup with $root set: are the objects and libraries of prebuilt/ those of the C sources as they
# are here? Then nobody needs a compiler. scripts/prebuilt.ts makes and checks them.

# The sources of $1 (`bpf` or `native`), and what says how they are compiled: names and contents, as one digest.
prebuilt_digest() (
  cd "$root" || exit
  case $1 in
    bpf)
      find packages/bpf/bpf packages/bpf/include -type f
      printf '%s\n' packages/bpf/src/build/compile.ts packages/bpf/src/build/without-debugging.ts examples/*.bpf.c
      ;;
    native)
      find packages/native/src packages/native/vendor -type f
      printf '%s\n' packages/native/scripts/build.ts packages/native/scripts/platforms.ts
      ;;
  esac | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1
)

# What prebuilt/ has for this machine; empty where it has nothing.
prebuilt_platform() {
  # Only glibc answers.
  getconf GNU_LIBC_VERSION >/dev/null 2>&1 || return 0
  case $(uname -m) in
    x86_64) echo linux-x64 ;;
    aarch64) echo linux-arm64 ;;
  esac
}

# Is $1 to be had without a compiler? WAGGLE_FROM_SOURCES=1 and CI build it nevertheless.
have_prebuilt() {
  [ "${CI-}" != true ] && [ "${WAGGLE_FROM_SOURCES-}" != 1 ] || return 1
  [ "$1" = bpf ] || [ -n "$(prebuilt_platform)" ] || return 1
  [ -r "$root/prebuilt/$1.digest" ] || return 1
  read -r prebuilt_of <"$root/prebuilt/$1.digest"
  [ "$prebuilt_of" = "$(prebuilt_digest "$1")" ]
}
