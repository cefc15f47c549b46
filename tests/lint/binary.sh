#!/bin/sh
# The built program has the hardening of the compiler and the linker: position independence,
# read-only relocations, no executable stack, stack canaries, checked copies, and on x86-64 control-flow protection.
cd "$(dirname "$0")/../.." || exit 3
[ -z "${SANITIZED:-}" ] || { echo "skip: sanitizers are built without these"; exit 77; }
command -v readelf > /dev/null || { echo "skip: no readelf"; exit 77; }
program=${TOLLBOOK:-build/tollbook}

# has WHAT PATTERN OPTIONS: the output of readelf matches this
has() {
	# shellcheck disable=SC2086
	readelf -W $3 "$program" 2> /dev/null | grep -qE -- "$2" || { echo "$program: no $1"; failed=1; }
}
has "position independence" '^ *Type: *DYN' -h
has "read-only relocations" GNU_RELRO -l
has "binding at start" 'BIND_NOW|Flags:.* NOW' -d
has "stack that cannot be executed" 'GNU_STACK .* RW +0x' -l
has "stack canaries" __stack_chk_fail --dyn-syms
has "checked copies" '__(memcpy|snprintf|fprintf|printf)_chk' --dyn-syms
case $(readelf -h "$program" | sed -n 's/^ *Machine: *//p') in
*X86-64*) # not by its note, which a C library without this protection removes
	objdump -d --no-show-raw-insn "$program" | grep -c endbr64 | awk '{exit $1 < 100}' || { echo "$program: no control-flow protection"; failed=1; } ;;
esac
exit ${failed:-0}
