#!/usr/bin/env bash
# Runs the benchmarks one after another and prints one JSON document for each; SCALE=full takes 10 M people and
# 100 M facts for the audience. Words on the command line choose some of them. bench/RESULTS.md keeps the figures.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in ${*:-audience segment ingest import send}; do
	echo "# huoshui bench $name" >&2
	bin/huoshui bench "$name" --json
done
