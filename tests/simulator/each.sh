#!/bin/sh
# A fault at every tenth disk change, read and open of a night: the tenth is FAULTS_PART (0 to 9), else the day's
# last digit; FAULTS=all: at every one. tests/simulator/each.c has the conditions.
cd "$(dirname "$0")/../.." || exit 3
part=${FAULTS_PART:-$(date +%j | sed 's/.*\(.\)$/\1/')}
[ "${FAULTS:-}" != all ] || part=all
failed=0 seeds="1 2 3"
[ -z "${SANITIZED:-}" ] || seeds=1
for seed in $seeds; do
	"${BUILD:-build}/tests/simulator/simulate" --each "$part" $seed || failed=1
done
exit $failed
