#!/bin/sh
# A month of an H100 bill, from AWS's export as downloaded (CUR 2.0) to zero difference: two p5.48xlarge nodes, one of them
# under a savings plan, with storage, data transfer, a credit and tax on the same bill. $1: the program.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tollbook=${1:-tollbook}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$tollbook" ingest -q --book "$work/book" "$here/requests.jsonl"
"$tollbook" attribute -q --book "$work/book" --fleet "$here/fleet.json" 2> /dev/null || [ $? = 1 ]
"$tollbook" reconcile --book "$work/book" --invoice "$here/aws-cur-2026-09.csv" --pool-column resource_tags.user_pool --tolerance 0
