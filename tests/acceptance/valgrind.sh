#!/bin/sh
# The golden runs that fail (and two that do not), under valgrind: no bad access, no leak, the same exit status.
cd "$(dirname "$0")/../.." || exit 3
tollbook=$(realpath "${TOLLBOOK:-build/tollbook}")
[ -z "${SANITIZED:-}" ] || { echo "skip: sanitizers are in it already"; exit 77; }
command -v valgrind > /dev/null || { echo "skip: no valgrind"; exit 77; }
failures=0
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT

cat > "$folder/tollbook" << END
#!/bin/sh
exec valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \\
	--error-exitcode=99 --log-file=$folder/log.%p $tollbook "\$@"
END
chmod +x "$folder/tollbook"
tree=$PWD

for case in tests/golden/error-* tests/golden/run-json tests/golden/run-llamacpp; do
	[ -f "$case/exit" ] || continue
	rm -f "$folder"/log.*
	# In a separate folder, as in tests/run: files that it writes do not remain in the tree.
	rm -rf "$folder/at" && mkdir "$folder/at" && ln -s "$tree/samples" "$tree/tests" "$folder/at"
	(cd "$folder/at" && PATH=$folder:$PATH SAMPLES=samples DATA=tests/data sh "$tree/$case/cmd" > /dev/null 2>&1)
	got=$?
	# Valgrind's notices begin with "--": it does not support the system calls by which the process confines itself.
	if [ "$got" = "$(cat "$case/exit")" ] && ! grep -q '^==' "$folder"/log.*; then
		echo "ok: ${case##*/}"
	else
		echo "FAIL: ${case##*/}: exit status $got, expected $(cat "$case/exit")"
		head -20 "$folder"/log.*
		failures=$((failures + 1))
	fi
done
[ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }
