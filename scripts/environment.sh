# Sourced by the scripts that work on the whole repository, after set-up, with $root set: its pinned
# tools come first on PATH, and none of them phones home.

PATH=$root/node_modules/.bin:$PATH
TURBO_TELEMETRY_DISABLED=1 TURBO_NO_UPDATE_NOTIFIER=1 DO_NOT_TRACK=1 DENO_NO_UPDATE_CHECK=1
export PATH TURBO_TELEMETRY_DISABLED TURBO_NO_UPDATE_NOTIFIER DO_NOT_TRACK DENO_NO_UPDATE_CHECK
