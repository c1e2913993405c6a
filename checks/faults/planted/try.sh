#!/usr/bin/env bash
# Plants each bug in a copy of the repository, and prints which checks of the harness find it.
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

# The name of the bug, the options of a run that can find it, the patches.
try() {
    local name=$1 options
    read -ra options <<<"$2"
    shift 2
    git apply "$@"
    cargo build --quiet
    git checkout --quiet .
    printf '\n== %s\n' "$name"
    if "$CARGO_TARGET_DIR/debug/faults" --minutes "$minutes" --converge-within-s 60 "${options[@]}" >report.txt 2>log.txt; then
        echo 'NOT FOUND'
        missed=$((missed + 1))
    fi
    grep '^seed ' report.txt || tail -n 1 log.txt
    grep --after-context 1 '^FOUND ' report.txt | cut --characters 1-240 || true
}

from=checks/simulation/planted
try 'answered before the commit' '--faults kill' checks/faults/planted/answer-before-commit.patch
try 'acknowledged before the result is recorded, and no sweep' '--faults kill,nats' \
    $from/01-ack-before-record.patch checks/faults/planted/sweep-off.patch
try 'no sweep, and NATS wiped' '--faults nats' checks/faults/planted/sweep-off.patch
# Faults are rare here, because the next one would start late-write windows, which repair users. With so many users, each is
# changed in one period only.
try 'results of earlier attempts ignored' '--faults lease --every-ms 15000 --users 1500' \
    $from/02-earlier-results-ignored.patch
# With more frequent faults HubSpot would hardly ever work, and without writes there are no wrong values.
try 'late-write windows never start' '--faults hubspot --every-ms 5000 --users 1500' $from/03-no-late-write-windows.patch
# Whoever has a contact keeps it, so two users who exchange their addresses never get each other's contacts.
try 'a contact stays with the user that has it' '--faults kill' checks/faults/planted/first-come.patch
exit "$missed"
