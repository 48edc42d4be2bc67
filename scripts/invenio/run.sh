#!/usr/bin/env bash
# A real InvenioRDM on this machine, on free ports of 127.0.0.1, for the checks of `entrenar deposit`.
#
#   scripts/invenio/run.sh start          installs (665 MB, some minutes) and initialises (about a minute) what is
#                                         not there yet; then starts it with an empty archive (about 20 s)
#   scripts/invenio/run.sh url            its address, with /api
#   scripts/invenio/run.sh token [WHO]    a token: tester (default), other, noscope, expired
#   scripts/invenio/run.sh env            lines for `eval`: ENTRENAR_INVENIO, ENTRENAR_INVENIO_TOKEN and more
#   scripts/invenio/run.sh stop           ends what it started, and nothing else
#
# ENTRENAR_INVENIO_HOME   folder (default: invenio in the cache folder of scripts/tools.sh)
# RDM_LIMIT, RDM_NO_PARTS see server.py
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/tools.sh

home=${ENTRENAR_INVENIO_HOME:-$cache/invenio}
umask 077
mkdir -p "$home"

# Ports, names of tokens and the like are kept in files of this folder while the server runs.
read_ports() {
  [ -e "$home/ports" ] || { echo "InvenioRDM is not running: scripts/invenio/run.sh start" >&2; return 1; }
  . "$home/ports"
  export RDM_PORT RDM_REDIS_PORT RDM_SEARCH_PORT
}

free_ports() {
  python3 - <<'PY'
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
for name, s in zip(("RDM_PORT", "RDM_REDIS_PORT", "RDM_SEARCH_PORT"), sockets):
    print(f"{name}={s.getsockname()[1]}")
PY
}

# Remembers which process this is: a process id alone may be another's by now.
started_at() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }
launch() { # launch NAME COMMAND...
  local name=$1
  shift
  setsid "$@" >"$home/$name.log" 2>&1 </dev/null &
  echo "$! $(started_at $!)" >"$home/$name.pid"
}

alive() { # alive NAME
  local pid start
  [ -e "$home/$1.pid" ] || return 1
  read -r pid start <"$home/$1.pid"
  [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

wait_for() { # wait_for URL NAME
  for _ in $(seq 600); do
    curl -s -o /dev/null "$1" && return 0
    alive "$2" || break
    sleep 0.2
  done
  echo "$2 did not start; its log is $home/$2.log" >&2
  tail -n 20 "$home/$2.log" >&2
  return 1
}

stop() {
  local name pid start
  for name in server search redis; do
    if alive "$name"; then
      read -r pid start <"$home/$name.pid"
      kill "$pid"
      for _ in $(seq 50); do alive "$name" || break; sleep 0.1; done
      alive "$name" && kill -9 "$pid"
    fi
    rm -f "$home/$name.pid"
  done
  rm -rf "$home/live" "$home/ports"
}

start() {
  if alive server; then
    echo "already running: $(url)" >&2
    return
  fi
  stop
  need_debian redis-server curl
  need_venv invenio
  # shellcheck disable=SC2154 # set by need_venv
  local python=$venv_invenio/bin/python made seed
  made=$(cat scripts/python/invenio.txt scripts/invenio/*.py | sha256sum | cut -c1-12)
  seed=$home/seed-$made
  trap 'stop' ERR
  if [ ! -e "$seed/.done" ]; then
    say "initialising InvenioRDM: schema, vocabularies, users (about a minute)"
    rm -rf "$home"/seed-*
    mkdir -p "$home/live"
    services
    RDM_HOME=$home/live "$python" scripts/invenio/server.py init >"$home/init.log" 2>&1 ||
      { tail -n 20 "$home/init.log" >&2; return 1; }
    curl -sf -o /dev/null -X POST "http://127.0.0.1:$RDM_SEARCH_PORT/_snapshot_now"
    cp -r "$home/live" "$seed"
    touch "$seed/.done"
    stop
  fi
  cp -r "$seed" "$home/live"
  services
  RDM_HOME=$home/live launch server "$python" scripts/invenio/server.py serve
  wait_for "http://127.0.0.1:$RDM_PORT/api/records" server
  trap - ERR
}

# Redis forgets all between two starts: it remembers even which vocabulary entries did not exist.
services() {
  free_ports >"$home/ports"
  read_ports
  launch redis redis-server --port "$RDM_REDIS_PORT" --bind 127.0.0.1 --save "" --dir "$home/live"
  launch search "$python" scripts/invenio/search_index.py "$RDM_SEARCH_PORT" "$home/live/search.json"
  wait_for "http://127.0.0.1:$RDM_SEARCH_PORT/" search
}

url() { read_ports && echo "http://127.0.0.1:$RDM_PORT/api"; }
token() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$home/live/tokens.json" "${1:-tester}"; }

case ${1:-} in
start) start ;;
stop) stop ;;
url) url ;;
token) token "${2:-}" ;;
env)
  echo "export ENTRENAR_INVENIO=$(url) ENTRENAR_INVENIO_TOKEN=$(token)"
  for who in other noscope expired; do echo "export ENTRENAR_INVENIO_TOKEN_${who^^}=$(token $who)"; done
  echo "export ENTRENAR_INVENIO_VERSION='$(grep -E '^invenio-(app-rdm|rdm-records)==' scripts/python/invenio.txt | paste -sd' ')'"
  ;;
*) sed -n '2,13p' "$0" >&2; exit 2 ;;
esac
