#!/usr/bin/env bash
# From nothing to a signed-in user by the command line and curl alone, no page involved.
# PORTCULLIS_BIN: the executable. PYTHON: an interpreter with the peers' requirements.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(realpath "${PORTCULLIS_BIN:-$here/../../target/release/portcullis}")
python=${PYTHON:-python3}
work=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

fail() { echo "scripted road: $*" >&2; exit 1; }
key() { "$python" -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v=v[k]
print(v)' "$1"; }
idp() { (cd "$here" && "$python" -m lib.command_line_idp "$@"); }

export PORTCULLIS_DATA=$work/portcullis.db
port=$("$python" -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port

"$bin" org create acme --name "Acme" --json >"$work/org.json"
[ "$(key slug <"$work/org.json")" = acme ] || fail "org create"
"$bin" provider add --org acme --kind okta --domain acme.com --json >"$work/provider.json"
id=$(key id <"$work/provider.json")
[ "$(key state <"$work/provider.json")" = draft ] || fail "a new provider is not a draft"
"$bin" provider show "$id" --json | key missing | grep -q metadata || fail "show does not say what is missing"
idp new "$work" http://www.okta.com/exkscripted
"$bin" provider set "$id" --metadata-file "$work/metadata.xml" --json >"$work/set.json"
[ "$(key state <"$work/set.json")" = active ] || fail "provider set"

"$bin" serve --listen "127.0.0.1:$port" --tls off --public-url "$url" --log-format json \
    >"$work/out" 2>"$work/err" &
server=$!
for _ in $(seq 100); do
    grep -q '"event":"listening"' "$work/out" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/err" >&2; fail "serve ended"; }
    sleep 0.05
done
[ "$(grep -m1 '"event":"listening"' "$work/out" | key url)" = "$url" ] || fail "listening line"

login=$("$bin" provider show "$id" --json | key login_url)
[ "$login" = "$url/saml/$id/login" ] || fail "login_url is $login"

# curl keeps Secure cookies off plain HTTP, so the two cookies are carried by hand.
cookies() { sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p' "$1" | tr -d '\r' | paste -sd ';' | sed 's/;/; /g'; }
curl -sS -o /dev/null -D "$work/login.head" "$login"
redirect=$(sed -n 's/^[Ll]ocation: //p' "$work/login.head" | tr -d '\r')
idp answer "$work" "$redirect" >"$work/answer.json"
status=$(curl -sS -o "$work/acs.body" -D "$work/acs.head" -w '%{http_code}' \
    -H "Cookie: $(cookies "$work/login.head")" \
    --data-urlencode "SAMLResponse=$(key SAMLResponse <"$work/answer.json")" \
    --data-urlencode "RelayState=$(key RelayState <"$work/answer.json")" \
    "$(key acs_url <"$work/answer.json")")
[ "$status" = 303 ] || { cat "$work/acs.body" >&2; fail "the ACS answered $status"; }

curl -sS --fail-with-body -H "Cookie: $(cookies "$work/acs.head")" "$url/api/v1/session" >"$work/session.json"
[ "$(key user.userName <"$work/session.json")" = ada@acme.com ] || fail "the session names somebody else"
[ "$(key user.email <"$work/session.json")" = ada@acme.com ] || fail "the session's e-mail"
[ "$(key provider.id <"$work/session.json")" = "$id" ] || fail "the session's provider"

"$bin" user list --org acme --json | grep -q ada@acme.com || fail "user list"
kill -TERM "$server"
wait "$server" || fail "serve exited with $?"
server=
echo "scripted road: a user is signed in"
