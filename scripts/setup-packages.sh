# Sourced by scripts/setup, which defines say, quietly and $log: the packages of the system that
# waggle needs. They are found by the files they bring, since not every machine has dpkg; only apt
# installs by itself, elsewhere the command to type is shown.

have_header() {
  [ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
}

have_c_compiler() {
  command -v cc >/dev/null && have_header stdio.h
}

# As packages/formats/test/browser.ts looks for it.
have_browser() {
  for name in chromium chromium-browser google-chrome; do
    if [ -x "/usr/bin/$name" ]; then return 0; fi
  done
  return 1
}

have_bpftool() {
  command -v bpftool >/dev/null || [ -x /usr/sbin/bpftool ]
}

apt_names='' dnf_names='' pacman_names='' missing=''
need() { # what it is, then its package for apt, dnf and pacman
  missing="$missing${missing:+, }$1"
  apt_names="$apt_names $2" dnf_names="$dnf_names $3" pacman_names="$pacman_names $4"
}

find_missing_packages() {
  builds_bpf='' builds_native=''
  if bpf_objects_stale && ! have_prebuilt bpf; then builds_bpf=yes; fi
  if native_library_stale && ! have_prebuilt native; then builds_native=yes; fi
  # Tests compile BPF objects and C programs of their own.
  if [ -n "$tests$builds_bpf$builds_native" ]; then
    command -v "${CLANG:-clang}" >/dev/null || need clang clang clang clang
  fi
  if [ -n "$builds_native" ]; then
    have_header stdio.h || need 'headers of the C library' libc6-dev glibc-devel glibc
  fi
  if [ -n "$tests" ]; then
    have_c_compiler || need 'a C compiler' 'gcc libc6-dev' 'gcc glibc-static' gcc
    command -v xmllint >/dev/null || need xmllint libxml2-utils libxml2 libxml2
    command -v tmux >/dev/null || need tmux tmux tmux tmux
    command -v strace >/dev/null || need strace strace strace strace
    # 100 MB that most contributors have already or can do without; the tests that need it say so.
    if [ "${CI-}" = true ]; then
      have_browser || need Chromium chromium chromium chromium
      for shell in zsh fish; do command -v $shell >/dev/null || need $shell $shell $shell $shell; done
    fi
  fi
}

show_by_hand() {
  say 'install by hand, then run the same command again:'
  printf '    Debian, Ubuntu:  sudo apt-get install%s\n' "$apt_names"
  printf '    Fedora, RHEL:    sudo dnf install%s\n' "$dnf_names"
  printf '    Arch:            sudo pacman -S%s\n' "$pacman_names"
}

# Sets $as_root to what a command needs in front of it; false where root is out of reach.
find_root() {
  as_root=
  [ "$(id -u)" = 0 ] && return
  as_root='sudo -n'
  command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

apt_get() {
  # A fresh cloud machine is often busy with its own upgrade: wait for its lock. needrestart would
  # ask questions.
  $as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -qq -o DPkg::Lock::Timeout=300 "$@" 9>&-
}

apt_updated=
apt_install() {
  # A source of the user's that fails to update need not matter: the installation decides.
  if [ -z "$apt_updated" ]; then
    apt_get update >"$log" 2>&1 || say 'apt-get update had errors; trying to install nevertheless'
    apt_updated=yes
  fi
  quietly apt_get install -y --no-install-recommends "$@"
}

require_system_packages() {
  find_missing_packages
  if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
      say "missing: $missing (no apt-get here to install it with)"
      show_by_hand
      return 1
    fi
    if ! find_root; then
      say "missing: $missing (installing needs root, and sudo is absent or asks for a password)"
      show_by_hand
      return 1
    fi
    say "installing with apt-get:$apt_names"
    # The names are a list of words.
    # shellcheck disable=SC2086
    if ! apt_install $apt_names; then
      say 'check the network and /etc/apt/sources.list'
      show_by_hand
      return 1
    fi
  fi
  if [ -n "$tests" ] && ! have_bpftool; then install_bpftool; fi
}

# Only some end-to-end tests look through bpftool for what is left in the kernel; they say so where
# it is absent, so its absence stops nothing.
install_bpftool() {
  if command -v apt-get >/dev/null && find_root; then
    say 'installing with apt-get: bpftool (optional)'
    apt_install bpftool && return
  fi
  say 'going on without bpftool'
}
