#!/bin/sh
# One task of an array: tollbook shard STEP PLAN, with the number of the task from Slurm. See submit.sh.
#SBATCH --requeue
#SBATCH --open-mode=append
#
# By tollbook's exit status: 0 and 1 (with findings) are finished; 2 is bad input or configuration, which
# a retry does not solve; after 3, or an end by a signal, the task goes back to the queue, a limited number of times.
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
