# Sourced by ./waggle and scripts/* with $root set to the repository: does set-up have work to do?
# Only shell built-ins, because this stands in front of every run of ./waggle. What must be true is
# that set-up once finished (its stamp is written last) and that nothing it was made from is newer.

# Runs $2 and the rest by Bun; by `run_bun_by=exec` in place of this shell. The caller's directory may be anybody's: a
# bunfig.toml (which can preload code), a .env file, and a tsconfig.json or jsconfig.json (whose `paths`
# put other files in the place of ours) that lie there must not steer a command that often runs as root.
# $1: the tsconfig.json that holds instead; ours if empty.
run_bun() {
  run_bun_tsconfig=${1:-$root/tsconfig.base.json}
  shift
  ${run_bun_by-} "$root/node_modules/.bin/bun" --config=/dev/null --no-env-file --no-install \
    --tsconfig-override="$run_bun_tsconfig" "$@"
}

# What root makes in somebody's clone belongs to the clone's owner, who could not make it anew otherwise.
# Links are given, not followed.
give_to_owner() {
  [ "$(id -u)" = 0 ] || return 0
  clone_owner=$(stat -c %u:%g "$root") || return
  [ "$clone_owner" != 0:0 ] || return 0
  for made; do
    if [ -e "$made" ]; then chown -hR "$clone_owner" "$made"; fi
  done
}

setup_stamp=$root/node_modules/.waggle-setup
bpf=$root/packages/bpf
formats=$root/packages/formats
timeline=$root/packages/timeline
page_script=$root/packages/text/scripts/page-script.ts
text_page=$root/packages/text/src/page
serve=$root/packages/serve
native=$root/packages/native
ffi=$root/packages/ffi

npm_packages_stale() {
  [ -f "$root/node_modules/.package-lock.json" ] || return 0
  [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]
}

# $1: the file that stands for the last build. The folders count too: a source that was removed or
# renamed changes only them.
bpf_sources_newer() {
  for source in "$bpf"/bpf "$bpf"/bpf/* "$bpf"/bpf/*/* "$bpf"/bpf/*/*/* "$bpf"/include/*/* "$bpf"/scripts "$bpf"/scripts/*.ts \
    "$bpf"/src/btf/*.ts "$bpf"/src/build/*.ts "$root"/examples/*.bpf.c; do
    if [ "$source" -nt "$1" ]; then return 0; fi
  done
  return 1
}

bpf_outputs_missing() {
  for output in layouts.ts skeletons.ts embedded-objects.ts; do
    if [ ! -f "$bpf/src/generated/$output" ]; then return 0; fi
  done
  # A source has an object for each architecture.
  for source in "$bpf"/bpf/*/*.bpf.c; do
    source=${source##*/}
    for architecture in x86_64 aarch64; do
      if [ ! -f "$bpf/dist/$architecture/${source%.c}.o" ]; then return 0; fi
    done
  done
  for source in "$root"/examples/*.bpf.c; do
    if [ -f "$source" ] && [ ! -f "${source%.c}.ts" ]; then return 0; fi
  done
  return 1
}

bpf_objects_stale() {
  bpf_outputs_missing || [ ! -f "$setup_stamp" ] || bpf_sources_newer "$setup_stamp"
}

# They are made anew by whoever needs them as the sources are now: the builds of their packages.
embedded_workers_missing() {
  for worker in core/src/generated/watchdog-worker.ts profiler/src/generated/symbolization-worker.ts; do
    if [ ! -f "$root/packages/$worker" ]; then return 0; fi
  done
  return 1
}

# The library with libbpf in it, for whichever platform. What counts is the file that is written last.
native_library_stale() {
  embedded=$ffi/src/generated/embedded-libraries.ts
  [ -f "$embedded" ] || return 0
  for library in "$ffi"/prebuilt/*/libwaggle.so; do
    [ -f "$library" ] || return 0
  done
  for source in "$native"/src "$native"/src/* "$native"/src/elfutils/* "$native"/scripts/*.ts \
    "$native/vendor/README.md"; do
    if [ "$source" -nt "$embedded" ]; then return 0; fi
  done
  return 1
}

# The scripts of pictures and pages, which are bundled from modules of their own. What counts is the file
# that is written first in each package.
viewers_stale() {
  viewer=$formats/src/generated/svg-viewer.ts
  if ! [ -f "$viewer" ] || ! [ -f "$formats/src/generated/html-viewer.ts" ]; then return 0; fi
  for source in "$page_script" "$text_page"/*.ts "$formats"/scripts/*.ts "$formats"/src/*.ts \
    "$formats"/src/[!g]*/*.ts "$formats"/src/*/viewer/*.ts; do
    if [ "$source" -nt "$viewer" ]; then return 0; fi
  done
  viewer=$timeline/src/generated/timeline-viewer.ts
  [ -f "$viewer" ] || return 0
  for source in "$page_script" "$text_page"/*.ts "$timeline"/scripts/*.ts \
    "$timeline"/src/page/*.ts "$timeline"/src/page/viewer/*.ts; do
    if [ "$source" -nt "$viewer" ]; then return 0; fi
  done
  viewer=$serve/src/generated/serve-page.ts
  [ -f "$viewer" ] || return 0
  for source in "$page_script" "$text_page"/*.ts "$serve"/scripts/*.ts "$serve"/src/page/viewer/*.ts; do
    if [ "$source" -nt "$viewer" ]; then return 0; fi
  done
  return 1
}

setup_is_current() {
  [ "${WAGGLE_NO_SETUP-}" != 1 ] || return 0
  [ -f "$setup_stamp" ] || return 1
  if [ "$root/package-lock.json" -nt "$setup_stamp" ]; then return 1; fi
  if bpf_objects_stale || native_library_stale || viewers_stale || embedded_workers_missing; then return 1; fi
}
