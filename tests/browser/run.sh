#!/usr/bin/env bash
# Walks the console of the built executable in a real browser: starts it on an empty directory with
# its own certificate, as a new user would, and ends it again.
#   PORTCULLIS_BIN=target/release/portcullis tests/browser/run.sh [directory for the pictures]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
executable=$(realpath "${PORTCULLIS_BIN:-$root/target/release/portcullis}")
pictures=${1:-out}

npm ci --silent --omit=optional --ignore-scripts

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
    rm -rf "$work"
}
trap finish EXIT

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });')
"$executable" --data "$work/portcullis.db" --log-format json \
    serve --listen "127.0.0.1:$port" --public-url "https://localhost:$port" \
    >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    grep -q '"event":"listening"' "$work/out" && break
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
said() {
    node -e '
        const lines = require("fs").readFileSync(process.argv[1], "utf8").split("\n").filter(Boolean).map(JSON.parse);
        console.log(lines.find((l) => l.event === "break_glass_created")[process.argv[2]]);' "$work/out" "$1"
}

status=0
BASE_URL="https://localhost:$port" \
    BREAK_GLASS_USERNAME=$(said username) BREAK_GLASS_PASSWORD=$(said password) \
    node walk.mjs "$pictures" || status=$?
[ "$status" -eq 0 ] || tail -n 40 "$work/log" >&2
exit "$status"
