#!/usr/bin/env bash
# Runs targets one after the other, each for SECONDS_OF_CPU (an hour) of processor time, however
# long that takes beside other work. Ends with 1 at the first finding; it lies in artifacts/.
#   fuzz/hour.sh saml_structure saml_metadata saml_redirect
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
wanted=${SECONDS_OF_CPU:-3600}
ticks=$(getconf CLK_TCK)
out=${CARGO_TARGET_DIR:-fuzz/target}/$(rustc +nightly -vV | sed -n 's/^host: //p')/release

for target in "$@"; do
    cargo +nightly fuzz build --sanitizer none "$target"
    mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
    "$out/$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -timeout=60 -rss_limit_mb=2048 \
        -artifact_prefix="fuzz/artifacts/$target/" -print_final_stats=1 2>"fuzz/artifacts/$target.log" &
    fuzzer=$!
    used=0
    while [ "$used" -lt "$wanted" ] && stat=$(cat "/proc/$fuzzer/stat" 2>/dev/null); do
        # User and system time are the twelfth and thirteenth value behind the name.
        read -r -a values <<<"${stat##*) }"
        used=$(((values[11] + values[12]) / ticks))
        sleep 2
    done
    if [ "$used" -lt "$wanted" ]; then
        echo "$target ended after $used s of processor time: see fuzz/artifacts/$target.log" >&2
        exit 1
    fi
    kill -INT "$fuzzer"
    wait "$fuzzer" || true
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "fuzz/artifacts/$target.log")
    echo "$target: $used s of processor time, $runs runs, nothing found"
done
