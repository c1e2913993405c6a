#!/usr/bin/env bash
# Plants each bug in a copy of the repository and says how many schedules the simulation needs to find it.
# usage: checks/simulation/planted/try.sh [SCHEDULES [NAME...]]; names are beginnings, such as 07
set -euo pipefail
cd "$(dirname "$0")/../../.."
schedules=${1:-20000}
names=("${@:2}")
export CARGO_TARGET_DIR=$PWD/target/planted
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git clone --quiet . "$copy"
cd "$copy"
missed=0
patches=()
for name in "${names[@]:-}"; do
    patches+=(checks/simulation/planted/"$name"*.patch)
done
for patch in "${patches[@]}"; do
    git apply "$patch"
    cargo build --quiet --release --package simulation
    git checkout --quiet .
    printf '\n== %s\n' "$(basename "$patch" .patch)"
    if "$CARGO_TARGET_DIR/release/simulation" --seeds "$schedules" >report.txt; then
        echo 'NOT FOUND'
        missed=$((missed + 1))
    fi
    grep ' schedules in ' report.txt
    printf '%d failures\n' "$(grep --count '^seed ' report.txt || true)"
    grep --max-count 1 '^seed ' report.txt | cut --characters 1-200 || true
done
exit "$missed"
