# What must hold in every statement: a line for each sum that does not tie out. $expected: what the generator knows;
# $idle: separate or proportional.
def parts: ["prefill", "decode", "other", "idle", "unobserved"];
def nano: sub("\\."; "") | tonumber;
# Sums of integers below 2^53: exact.
def total(f): map(f) | add // 0;
# What is unknown of a part is unknown of the whole, unless it is below 1 % of that: then the whole has at least the known parts.
def known_total(f; $whole): if (map(f) | any(. == null) | not) or ($whole != null and total(f) > $whole) then total(f) else $whole end;
def tie(what; left; right): if left == right then empty else "\(what): \(left) is not \(right)" end;

def block(what):
	. as $b
	| tie(what + ": gpu_ns"; [$b.gpu_ns[parts[]]] | add; $b.gpu_ns.capacity),
	  tie(what + ": cost"; [$b.cost[parts[]] | nano] | add; $b.cost.capacity | nano),
	  (if [$b.gpu_ns[]] | min < 0 then "\(what): time below 0" else empty end),
	  (if $b.tokens.input_cached > $b.tokens.input then "\(what): more cached than input" else empty end);

# The blocks of a list sum to the whole.
def whole(what; $list; $total; $keys):
	($keys[] | . as $k | tie(what + ": gpu_ns." + $k; $list | total(.gpu_ns[$k]); $total.gpu_ns[$k])),
	($keys[] | . as $k | tie(what + ": cost." + $k; $list | total(.cost[$k] | nano); $total.cost[$k] | nano)),
	(("input", "input_cached", "output") as $k | tie(what + ": tokens." + $k; $list | known_total(.tokens[$k]; $total.tokens[$k]); $total.tokens[$k])),
	tie(what + ": requests"; $list | total(.requests); $total.requests // 0); # null: no log reports them

. as $s
| ($s.total | block("total")),
  ($s.models[] | block("model \(.model)")),
  ($s.tenants[] | block("tenant \(.tenant)")),
  ($s.rows[] | block("row \(.hour) \(.replica)")),
  whole("models"; $s.models; $s.total; ["capacity"] + parts),
  whole("rows"; $s.rows; $s.total; ["capacity"] + parts),
  whole("tenants"; $s.tenants; $s.total; if $idle == "separate" then ["prefill", "decode"] else ["capacity"] + parts end),
  (if $idle == "separate" then $s.tenants[] | select(.tenant != "(not allocated)") | tie("tenant \(.tenant): idle and unobserved"; .gpu_ns | .idle + .unobserved; 0) else empty end),
  tie("evidence"; $s.evidence | total(.gpu_ns); $s.total.gpu_ns | .prefill + .decode),
  ($expected | to_entries[]
	| .value as $value
	| if .key == "capacity" then tie("capacity of the fleet"; $s.total.gpu_ns.capacity; $value)
	  elif .key == "requests" then tie("requests written"; $s.total.requests // 0; $value)
	  elif .key == "cached" then tie("cached tokens written"; $s.total.tokens.input_cached; $value)
	  else tie(.key + " tokens written"; $s.total.tokens[.key]; $value) end)
