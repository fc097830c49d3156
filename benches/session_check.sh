#!/usr/bin/env bash
# GET /api/v1/session with a session cookie, beside nginx answering a constant, in one run:
# loopback, 64 connections, 8 s each. Needs wrk and nginx (Debian packages of those names).
# PORTCULLIS_BIN: the executable. PYTHON: an interpreter with tests/peers/requirements.txt.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
seconds=${SECONDS_EACH:-8}
work=$(mktemp -d)
nginx_started=
# The appliance ends when its standard input does.
finish() {
    [ -n "${appliance_in:-}" ] || return 0
    exec {appliance_in}>&-
    wait "$appliance_pid" || true
}
cleanup() {
    [ -z "$nginx_started" ] || nginx -p "$work" -c "$work/nginx.conf" -s stop 2>/dev/null || true
    finish
    rm -rf "$work"
}
trap cleanup EXIT
for tool in wrk nginx; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done

coproc appliance { "$python" "$here/signed_in.py"; }
appliance_in=${appliance[1]}
appliance_pid=$appliance_PID
read -r -u "${appliance[0]}" line
key() { "$python" -c 'import json,sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$line" "$1"; }

port=$("$python" -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
cat >"$work/nginx.conf" <<EOF
worker_processes 2;
pid $work/nginx.pid;
error_log $work/error.log;
events { worker_connections 512; }
http {
    access_log off;
    keepalive_requests 100000000;
    server {
        listen 127.0.0.1:$port;
        location / { default_type application/json; return 200 '{"user":{"id":"019","userName":"ada@acme.com"}}'; }
    }
}
EOF
nginx -p "$work" -c "$work/nginx.conf" 2>/dev/null
nginx_started=yes

load() {
    wrk -t2 -c${CONNECTIONS:-64} -d"${seconds}s" --latency "$@" |
        awk '/99%/ {p99=$2} /Requests\/sec/ {rps=$2} /Non-2xx/ {bad=$NF} /Socket errors/ {socket=$0}
             END {printf "%10.0f requests/s   p99 %-9s errors %s%s\n", rps, p99, bad+0, socket}'
}
echo "nginx, return 200:        $(load "http://127.0.0.1:$port/")"
echo "portcullis, session check:$(load -H "Cookie: $(key cookie)" "$(key url)/api/v1/session")"
echo "nginx, return 200, again: $(load "http://127.0.0.1:$port/")"
