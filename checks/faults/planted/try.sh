#!/usr/bin/env bash
# Plants each bug in a copy of the repository and says which checks of the harness find it.
# usage: checks/faults/planted/try.sh [MINUTES]
set -euo pipefail
cd "$(dirname "$0")/../../.."
minutes=${1:-1}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/planted}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git clone --quiet . "$copy"
cd "$copy"
missed=0

# What is planted, the options of the run that brings it to light, the patches.
try() {
    local name=$1 options
    read -ra options <<<"$2"
    shift 2
    git apply "$@"
    cargo build --quiet
    git checkout --quiet .
    printf '\n== %s\n' "$name"
    if "$CARGO_TARGET_DIR/debug/faults" --minutes "$minutes" --rest-within-s 60 "${options[@]}" >report.txt 2>log.txt; then
        echo 'NOT FOUND'
        missed=$((missed + 1))
    fi
    grep '^seed ' report.txt || tail -n 1 log.txt
    grep --after-context 1 '^FOUND ' report.txt | cut --characters 1-240 || true
}

from=checks/simulation/planted
try 'answered before the commit' '--faults kill' checks/faults/planted/answer-before-commit.patch
try 'acknowledged before the verdict, and no sweep' '--faults kill,nats' \
    $from/01-ack-before-record.patch checks/faults/planted/sweep-off.patch
try 'no sweep, and NATS wiped' '--faults nats' checks/faults/planted/sweep-off.patch
# One overtaken worker at a time, for the next one would start doubts, which mend it; enough users that each has one turn.
try 'verdicts of earlier attempts ignored' '--faults lease --every-ms 15000 --users 1500' \
    $from/02-earlier-verdicts-ignored.patch
# At a closer distance HubSpot is hardly ever well, and what is not written cannot stand wrong.
try 'no doubts' '--faults hubspot --every-ms 5000 --users 1500' $from/03-doubts-off.patch
exit "$missed"
