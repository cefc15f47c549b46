#!/bin/sh
# packaging/ agrees with the program and is consistent: one version, a chart with valid objects and a configuration that a
# night accepts, an action that makes a table, units that systemd accepts, a reproducible archive of a commit.
cd "$(dirname "$0")/../.." || exit 3
. tests/lib.sh
need make jq
unset MAKEFLAGS MFLAGS MAKELEVEL
version=$(make -s version)

same "the program's version" "$("$tollbook" --version | head -1)" "tollbook $version"
same "the changelog begins with it" "$(sed -n 's/^## //p' CHANGELOG.md | head -1)" "$version"
same "the chart has it" "$(sed -n 's/^\(version\|appVersion\): "*\([^"]*\)"*$/\2/p' packaging/helm/tollbook/Chart.yaml | sort -u)" "$version"
same "the formula has it" "$(grep -o 'tollbook-[0-9.]*[.]tar' packaging/homebrew/tollbook.rb)" "tollbook-$version.tar"
same "the image has it" "$(sed -n 's/.*image[.]version="\([^"]*\)".*/\1/p' packaging/Dockerfile)" "$version"
same "the samples for Kubernetes have it" "$(grep -o 'tollbook:[0-9.]*' samples/kubernetes/tollbook.yaml | sort -u)" "tollbook:$version"

if python3 -c 'import yaml, jsonschema' 2> /dev/null; then
	render() { PYTHONDONTWRITEBYTECODE=1 python3 packaging/helm/render "$@"; }
	render packaging/helm/example.yaml > "$folder/chart.yaml" 2> "$folder/why"
	same "the chart's objects" "$? $(grep -c '^kind: ' "$folder/chart.yaml")" "0 4"
	python3 - "$folder" << 'END'
import sys, yaml
folder = sys.argv[1]
for o in yaml.safe_load_all(open(folder + "/chart.yaml")):
    for name, text in (o.get("data") or {}).items():
        open(folder + "/" + name, "w").write(text.replace("/var/lib/tollbook", folder).replace('"/logs"', '"' + folder + '/logs"'))
END
	mkdir "$folder/logs" && cp samples/vllm.log.zst "$folder/logs"
	"$tollbook" nightly -q -c "$folder/tollbook.conf" > "$folder/said" 2>&1
	same "a night by the chart's configuration" "$? $(ls "$folder/costs.html")" "0 $folder/costs.html"
	render > "$folder/said" 2>&1
	same "a chart without pools is refused" "$(tail -1 "$folder/said" | grep -c . ) $(grep -c ValidationError "$folder/said")" "1 1"
	echo 'image: {repositry: x}' > "$folder/typo.yaml"
	render "$folder/typo.yaml" > "$folder/said" 2>&1
	same "a typo in values is refused" "$(grep -c "ValidationError.*repositry\|'repositry' was unexpected" "$folder/said" | sed 's/[1-9]/1/')" 1
fi

"$tollbook" run -q --fleet samples/fleet.json --format json -o "$folder/a.json" samples/serving
"$tollbook" run -q --gpu-hour 3 --format json -o "$folder/b.json" samples/serving
RUNNER_TEMP=$folder GITHUB_OUTPUT=$folder/outputs GITHUB_STEP_SUMMARY=$folder/summary TOLLBOOK=$tollbook BEFORE=$folder/a.json \
	AFTER=$folder/b.json packaging/action/diff.sh
same "the action: its table and outputs" "$(grep -c '^| = total |' "$folder/tollbook-diff.md") $(sed -n 1p "$folder/outputs")" "1 changed=true"

if command -v systemd-analyze > /dev/null; then
	sed 's,^ExecStart=.*,ExecStart=/bin/true,; /^Documentation/d' samples/nightly/tollbook.service > "$folder/tollbook.service"
	same "systemd accepts the service" "$(systemd-analyze verify "$folder/tollbook.service" 2>&1 | grep -c tollbook.service)" 0
	systemd-analyze security --offline=true --threshold=20 "$folder/tollbook.service" > "$folder/said" 2>&1
	same "its exposure is at most 2.0" "$?" 0
fi
if git rev-parse HEAD > /dev/null 2>&1; then
	for time in 1 2; do git archive --format=tar --prefix="tollbook-$version/" HEAD | gzip -9n | sha256sum; done > "$folder/sums"
	same "the archive of a commit is the same each time" "$(sort -u "$folder/sums" | wc -l)" 1
fi
finish
