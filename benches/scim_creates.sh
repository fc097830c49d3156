#!/usr/bin/env bash
# POST /scim/v2/{org}/Users from 64 clients, each user new and each answer durable, beside the
# store's own group commit without HTTP and SCIM (`cargo bench --bench group_commit`).
# PORTCULLIS_BIN: the executable. PYTHON: an interpreter with tests/peers/requirements.txt.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
seconds=${SECONDS_EACH:-8}
command -v wrk >/dev/null || { echo "wrk is not installed" >&2; exit 1; }

# The appliance ends when its standard input does.
finish() {
    [ -n "${appliance_in:-}" ] || return 0
    exec {appliance_in}>&-
    wait "$appliance_pid" || true
}
trap finish EXIT
coproc appliance { "$python" "$here/signed_in.py"; }
appliance_in=${appliance[1]}
appliance_pid=$appliance_PID
read -r -u "${appliance[0]}" line
key() { "$python" -c 'import json,sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$line" "$1"; }

TOKEN=$(key scim_token)
export TOKEN
users="$(key url)/scim/v2/acme/Users"
total() {
    curl -sS -H "Authorization: Bearer $TOKEN" "$users?startIndex=1&count=1" |
        "$python" -c 'import json,sys; print(json.load(sys.stdin)["totalResults"])'
}
before=$(total)
wrk -t2 -c64 -d"${seconds}s" --latency -s "$here/scim_creates.lua" "$users" |
    awk '/99%/ {p99=$2} /Requests\/sec/ {rps=$2} /Non-2xx/ {bad=$NF} /Socket errors/ {socket=$0}
         END {printf "portcullis, SCIM creates: %10.0f users/s   p99 %-9s errors %s%s\n", rps, p99, bad+0, socket}'
echo "users in the directory:   $(($(total) - before)) more"

if [ -f "$here/group_commit.rs" ]; then
    (cd "$here/.." && cargo bench --quiet --bench group_commit)
else
    echo "benches/group_commit.rs is missing: no figure of the store alone" >&2
    exit 1
fi
