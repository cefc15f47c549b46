#!/bin/sh
# A night that is killed at every write, sync and change of a name in turn, with and without the power, and at random
# instants; and one in which memory, disk, descriptors or reads fail. After the next, undisturbed night the book says
# what it would have said, to the last byte. See lib.sh for how many of them.
cd "$(dirname "$0")/../.." || exit 3
. tests/faults/lib.sh
need jq
night_start

# disturbed KIND HOW CALL
disturbed() {
	put_back
	night "TOLLBOOK_FAULT=$1:$3$2" "LD_PRELOAD=$library" "TOLLBOOK_DURABLE=$(case $2 in *cut) echo book ;; esac)"
	what="$1 $3${2:+ ($2)}"
	said "$what"
	case $2:$status in
	*kill:137 | *kill:[01]) ;;
	*cut:137) rm -rf book && mv book.cut book ;;
	*cut:[01] | :[013] | :on:[013] | :E*:[013] | :on:E*:[013]) ;;
	*) wrong "$what: exit status $status: $(head -3 said)" ;;
	esac
	settle "$what"
}

kind write :kill :cut '' :on :EIO :on:EIO
kind sync :kill :cut '' :on
kind name :kill :cut '' :on
kind read '' :on
kind open '' :on
kind allocation '' :on

instant=0
while [ $instant -lt "$kills" ] && [ $failures -lt 10 ]; do
	put_back
	delay=$(awk -v seed="$instant" 'BEGIN {srand(seed); printf "%.4f", rand() * 0.12}')
	"$tollbook" nightly -c night.conf > said 2>&1 &
	night=$!
	sleep "$delay"
	kill -9 $night 2> /dev/null
	wait $night 2> /dev/null
	settle "killed after $delay s"
	instant=$((instant + 1))
done
echo "ok: $total faults, $instant kills at random instants"

put_back
"$tollbook" nightly -c night.conf > /dev/full 2>&1
status=$?
settle "standard output is full"
finish
