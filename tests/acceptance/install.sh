#!/bin/sh
# make install installs all files, below a DESTDIR with a space, and readable with any umask; make uninstall
# removes them.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need make
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
stage="$folder/a stage"
umask 077

# into TARGET SETTING...: of what is built already
into() {
	target=$1
	shift
	make -s -o "${BUILD:-build}/tollbook" -o "${BUILD:-build}/libtollbook.a" BUILD="${BUILD:-build}" DESTDIR="$stage" "$@" "$target" > "$folder/said" 2>&1 ||
		wrong "make $target $*: $(cat "$folder/said")"
}

# there: the number of installed files that exist
there() {
	(cd "$stage$1" && ls bin/tollbook share/man/man1/tollbook.1 share/man/man5/tollbook.5 \
		share/bash-completion/completions/tollbook share/zsh/site-functions/_tollbook \
		share/fish/vendor_completions.d/tollbook.fish include/tollbook.h lib/libtollbook.a lib/pkgconfig/tollbook.pc share/doc/tollbook/CHANGELOG.md \
		share/tollbook/schemas/fleet.schema.json share/doc/tollbook/README.md share/doc/tollbook/samples/fleet.json) 2> /dev/null | wc -l
}

# Of a tree with nothing built, or only the program: the library is built, too.
make -n BUILD="$folder/new" DESTDIR="$stage" install > "$folder/said" 2>&1
same "the library is built before it is installed" "$(grep -c "ar qcs $folder/new/libtollbook.a" "$folder/said")" 1

for settings in prefix=/usr PREFIX=/usr; do
	into install $settings
	same "$settings: in their places" "$(there /usr)" 13
	same "$settings: every schema" "$(diff -r schemas "$stage/usr/share/tollbook/schemas")" ""
	same "$settings: links of pages have a target" "$(cd "$stage/usr/share/doc/tollbook" && find . -name '*.md' | while read -r page; do
		grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^[a-z]*://' | while read -r link; do
			[ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
		done
	done)" ""
	same "$settings: readable by all" "$(find "$stage/usr" -type f ! -perm -444 -o -type d ! -perm -555)" ""
	same "$settings: the program runs" "$("$stage/usr/bin/tollbook" --version)" "$("$tollbook" --version)"
	# A program links with what was installed.
	if command -v pkg-config > /dev/null && command -v cc > /dev/null && [ -z "${SANITIZED:-}" ]; then
		export PKG_CONFIG_PATH="$stage/usr/lib/pkgconfig"
		# shellcheck disable=SC2046
		sed 's,"library/tollbook.h",<tollbook.h>,' samples/library.c > "$folder/library.c"
		cc -o "$folder/library" -I"$stage/usr/include" "$folder/library.c" -L"$stage/usr/lib" $(pkg-config --libs tollbook | sed 's/-L[^ ]*usr.lib //') > "$folder/said" 2>&1
		same "$settings: a program links with the library" "$? $(cat "$folder/said")" "0 "
	fi
	into uninstall $settings
	same "$settings: nothing is left" "$(find "$stage" ! -type d)" ""
done
into install
same "by default: in their places" "$(there /usr/local)" 13
finish
