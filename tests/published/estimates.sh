#!/bin/sh
# The errors of estimates against published measurements, by class, and their bounds: a group of `make accuracy`. The rows are
# $PUBLISHED (../shared/published if it exists, else the part in tests/published). Exit status 1 if a bound is missed.
fit=${FIT:-${BUILD:-build}/tests/published/fit}
published=${PUBLISHED:-../shared/published}
[ -f "$published/measurements.tsv" ] || published=tests/published
exec "$fit" "$published" check
