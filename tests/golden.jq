# Compare records with Spark's golden rows: exactly, but numbers with a relative
# tolerance of 1e-9, decimals (text in golden) as numbers, NaN and infinities by
# either spelling.
def special: {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"};

def same($a; $b):
	if ($a | type) == "object" and ($b | type) == "object" then
		($a | keys_unsorted) == ($b | keys_unsorted) and
			all($a | keys_unsorted[]; . as $k | same($a[$k]; $b[$k]))
	elif ($a | type) == "array" and ($b | type) == "array" then
		($a | length) == ($b | length) and
			all(range($a | length); . as $i | same($a[$i]; $b[$i]))
	elif ($a | type) == "number" and ($b | type) == "string" then
		$a == ($b | tonumber? // null)
	elif ($a | type) == "number" and ($b | type) == "number" then
		($a == $b) or
			((($a - $b) | fabs) <= 1e-9 * ([$a, $b] | map(fabs) | max))
	else
		$a == $b or (($b | type) == "string" and $a == special[$b])
	end;
