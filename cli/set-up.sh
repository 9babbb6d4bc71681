#!/usr/bin/env bash
# Gets what Bourse needs from the system, and a Docker engine that answers. Safe to run twice.
#
#   set-up.sh PART...          check each part; install what is missing (Debian, as root)
#   set-up.sh --check PART...  only say what is missing and how to get it
#
# Parts: engine    a Docker engine that answers on its socket (docker.io)
#        busybox   a static busybox, from which the demo image is built without a registry
#        chromium  a browser, in which the pages of simulated runs are tested (chromium)
#        protos    Mesos' public v1 .proto files, the oracle of our own (golang-github-mesos-mesos-go-dev)
#
# An engine that this script starts has its pid written to $BOURSE_ENGINE_PID_FILE (if set), so that whoever
# called can stop it. Exit code: 0 all parts are there; 3 something is missing and could not be installed.
set -u

socket="${DOCKER_HOST:-unix:///var/run/docker.sock}"
log="${BOURSE_ENGINE_LOG:-${TMPDIR:-/tmp}/bourse-dockerd.log}"

say() { printf 'set-up: %s\n' "$*" >&2; }

is_debian_root() { [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; }

# Debian keeps dockerd in /usr/sbin, which a user's PATH may lack.
PATH="$PATH:/usr/sbin:/sbin"

engine_answers() { command -v docker >/dev/null && timeout 10 docker --host "$socket" version >/dev/null 2>&1; }
static_busybox() { [ -x /bin/busybox ] || [ -x /usr/bin/busybox ]; }
browser() { command -v chromium >/dev/null; }
mesos_protos() { [ -e /usr/share/gocode/src/github.com/mesos/mesos-go/api/v1/lib/mesos.proto ]; }

# part -> is it there?
has() {
  case "$1" in
    engine) engine_answers ;;
    busybox) static_busybox ;;
    chromium) browser ;;
    protos) mesos_protos ;;
    *) say "there is no part named '$1': take engine, busybox, chromium or protos"; exit 2 ;;
  esac
}

# part -> its Debian package
package() {
  case "$1" in
    engine) command -v dockerd >/dev/null || echo docker.io ;;
    busybox) echo busybox-static ;;
    chromium) echo chromium ;;
    protos) echo golang-github-mesos-mesos-go-dev ;;
  esac
}

start_engine() {
  case "$socket" in
    unix://*) ;;
    *) say "DOCKER_HOST is $socket and nothing answers there: start that engine, or unset DOCKER_HOST"; return 1 ;;
  esac
  say "starting a Docker engine (its log: $log)"
  setsid dockerd --host "$socket" >"$log" 2>&1 </dev/null &
  local pid=$! waited=0
  while ! engine_answers; do
    if ! kill -0 "$pid" 2>/dev/null || [ "$waited" -ge 60 ]; then
      say "the engine did not start; the end of $log:"
      tail -n 5 "$log" >&2
      return 1
    fi
    sleep 1
    waited=$((waited + 1))
  done
  [ -z "${BOURSE_ENGINE_PID_FILE:-}" ] || echo "$pid" >"$BOURSE_ENGINE_PID_FILE"
}

check_only=
if [ "${1:-}" = --check ]; then check_only=yes; shift; fi

missing=()
packages=()
for part in "$@"; do
  if ! has "$part"; then
    missing+=("$part")
    for name in $(package "$part"); do packages+=("$name"); done
  fi
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ -n "$check_only" ] || ! is_debian_root; then
  say "missing: ${missing[*]}"
  [ "${#packages[@]}" -eq 0 ] || say "on Debian, as root: apt-get update && apt-get install ${packages[*]}"
  case " ${missing[*]} " in *" engine "*) say "then start the engine: dockerd, or systemctl start docker" ;; esac
  exit 3
fi

if [ "${#packages[@]}" -gt 0 ]; then
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null; then
    say "apt-get could not install ${packages[*]}: see its message above"
    exit 3
  fi
fi

failed=
for part in "${missing[@]}"; do
  if [ "$part" = engine ] && ! engine_answers; then start_engine || { failed=yes; continue; }; fi
  has "$part" || { say "$part is still missing after the installation"; failed=yes; }
done
[ -z "$failed" ] || exit 3
