#!/bin/sh
# Replaces the sources in vendor/ by those of another release of the crate libbpf-sys, which carries libbpf,
# elfutils and zlib: update-vendor.sh 1.7.0. Files keep their places; one that a new release needs too is named
# by the compiler, and copied once by hand. Replaces libbpf's headers for programs in packages/bpf/include as
# well. Needs cargo. Then write the versions into vendor/README.md and packages/bpf/include/README.md.

set -eu
version=${1:?usage: update-vendor.sh VERSION of libbpf-sys}
vendor=$(cd "$(dirname "$0")/../vendor" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
cargo init --quiet --name vendored
cargo add --quiet "libbpf-sys@=$version"
cargo vendor --quiet --locked crates >/dev/null
cd "$vendor"
find libbpf elfutils zlib -type f | while read -r file; do
  if [ -f "$work/crates/libbpf-sys/$file" ]; then
    cp "$work/crates/libbpf-sys/$file" "$file"
  else
    echo "gone: $file"
  fi
done
headers=$vendor/../../bpf/include
for file in "$headers"/bpf/*.h; do
  cp "$work/crates/libbpf-sys/libbpf/src/${file##*/}" "$file"
done
for name in bpf.h bpf_common.h; do
  cp "$work/crates/libbpf-sys/libbpf/include/uapi/linux/$name" "$headers/linux/$name"
done
touch README.md
