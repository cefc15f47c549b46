#!/bin/sh
# One task of an array: tollbook shard STEP PLAN, with the number of the task from Slurm. See submit.sh.
#SBATCH --requeue
#SBATCH --open-mode=append
#
# tollbook's exit status says what to do: 0 and 1 (done, with findings) are done; 2 is bad input or configuration,
# which trying again does not help; 3, or an end by a signal, goes back to the queue, some times.
# TOLLBOOK_BOOK="postgresql://host/ledger?sslmode=verify-full" also puts the entries into that ledger (passwords: ~/.pgpass).
set -- "$1" "$2" --log json
if [ "$1" = attribute ] && [ -n "${TOLLBOOK_BOOK:-}" ]; then
	set -- "$@" --book "$TOLLBOOK_BOOK"
fi
${TOLLBOOK:-tollbook} shard "$@"
status=$?
case $status in
0 | 1) exit 0 ;;
2) exit 2 ;;
esac
if [ "${SLURM_RESTART_COUNT:-0}" -lt 5 ]; then
	scontrol requeue "$SLURM_JOB_ID"
	sleep 60 # until Slurm ends this try
fi
exit "$status"
