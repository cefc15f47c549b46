#!/bin/sh
# How far estimates are off published measurements, by class, and the bounds they must keep: a group of `make accuracy`. The rows are
# $PUBLISHED (../shared/published where it is there, else the part of them in tests/published). Exit status 1 if a bound is missed.
fit=${FIT:-${BUILD:-build}/tests/published/fit}
published=${PUBLISHED:-../shared/published}
[ -f "$published/measurements.tsv" ] || published=tests/published
exec "$fit" "$published" check
