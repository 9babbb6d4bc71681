/**
 * One small shell per task that outlives the agent (DESIGN D7). It runs the task in a session of its own and
 * writes down, each file whole or not at all, who runs and how it ended:
 *
 *     claim/  made by whoever comes first: the shim, or an agent that gives up on a shim that never began
 *     shim    pid and start time of the shim
 *     pid     pid and start time of the task, which leads its session
 *     exit    exit code of the task, 128 + n for signal n
 *
 * A start time (field 22 of /proc/PID/stat) tells a process from a later one with the same pid. When the task
 * ends, what is left of its process group is killed. POSIX sh, and `setsid` of util-linux; variables of the task
 * may redefine PATH, so tools are found with `command -p`.
 */
export const SHIM_SCRIPT = `#!/bin/sh
record() {
  printf '%s\\n' "$2" > "$dir/$1.tmp" && command -p mv "$dir/$1.tmp" "$dir/$1"
}
identify() {
  read -r stat < "/proc/$1/stat"
  set -- "$1" \${stat##*) }
  identity="$1 \${21}"
}
stage=$1 dir=$2 cwd=$3
shift 3
if [ "$stage" = task ]; then
  identify $$
  record pid "$identity"
  cd "$cwd" || exit 126
  exec "$@"
fi
command -p mkdir "$dir/claim" || exit 1
identify $$
record shim "$identity"
command -p setsid /bin/sh "$0" task "$dir" "$cwd" "$@" &
wait $!
status=$?
if read -r pid start < "$dir/pid"; then kill -s KILL -- "-$pid" 2> /dev/null; fi
record exit "$status"
`;
