#!/bin/sh
# submit.sh PLAN [SBATCH OPTIONS]: runs the tasks of a plan as three array jobs, one after the other.
#
#   tollbook shard plan -c tollbook.conf --from 2026-11-24 --to 2026-11-25 --tasks 40 -o /shared/2026-11-24
#   samples/slurm/submit.sh /shared/2026-11-24 --mem=200M --time=1:00:00
#   tollbook shard report /shared/2026-11-24 --format html -o 2026-11-24.html
#
# Prints the number of the last job, for a report that waits for it: sbatch --dependency=afterok:NUMBER.
set -eu
plan=$1
shift
task=$(dirname "$0")/task.sh
last=$(($(sed -n '1s/.*"tasks":\([0-9]*\).*/\1/p' "$plan/plan.jsonl") - 1))
after=
for step in map fit attribute; do
	job=$(sbatch --parsable --job-name="tollbook-$step" --array="0-$last" $after --output="$plan/$step-%a.log" "$@" "$task" "$step" "$plan")
	after=--dependency=afterok:$job
done
echo "$job"
