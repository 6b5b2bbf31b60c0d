#!/usr/bin/env bats
# What the sinks write is read back the same: each type that a header can name,
# each value at an edge.

load lib

# in: JSON lines of a column for each type; schema: its DDL.
edges() {
	python3 - <<-'END'
	types = {
	    "boolean": ["true", "false"],
	    "tinyint": ["-128", "127", "0"],
	    "smallint": ["-32768", "32767"],
	    "int": ["-2147483648", "2147483647", "0"],
	    "bigint": ["-9223372036854775808", "9223372036854775807",
	               "9007199254740993"],
	    "float": ["0.1", "3.4028235e38", "1e-45", '"NaN"', '"Infinity"',
	              '"-Infinity"'],
	    "double": ["0.1", "1.7976931348623157e308", "5e-324", '"NaN"',
	               '"Infinity"', '"-Infinity"', "1e22", "9007199254740993",
	               "1.0"],
	    "decimal(10,2)": ["1.50", "-99999999.99", "0.00"],
	    "decimal(38,18)": ["12345678901234567890.123456789012345678"],
	    "decimal(38,0)": ["99999999999999999999999999999999999999"],
	    "string": ['""', '"a"', '"007"', '"NaN"', '"null"', '" x "', '"a,b"',
	               r'"say \"hi\""', r'"\""', r'"\n"', r'"a\r\nb"', r'"\r"',
	               r'"\u001b"', r'"\\"', r'"\\\""', '"\u00e9\u65e5\U0001f600"',
	               r'"\u00a0"', r'"\ufeff"', '"#x"', '"\'"', r'"\t"', '"1e400"',
	               '"__HIVE_DEFAULT_PARTITION__"', '"2016-07-26"'],
	    "date": ['"2016-07-26"', '"0001-01-01"', '"9999-12-31"',
	             '"1582-10-10"'],
	    "timestamp": ['"2016-07-26T02:45:07Z"', '"0001-01-01T00:00:00Z"',
	                  '"2016-07-26T02:45:07.123456Z"',
	                  '"1969-12-31T23:59:59.999999Z"'],
	    "array<int>": ["[]", "[1,null]"],
	    "array<string>": [r'["a,b","\"",null]'],
	    "map<string,int>": ["{}", r'{"a b":1,"\"":null}'],
	    "struct<a:int,b:string>": ['{"a":1,"b":"x"}', '{"a":null,"b":null}'],
	}
	with open("schema", "w") as f:
	    f.write(", ".join("c%d %s" % it for it in enumerate(types)))
	most = max(map(len, types.values())) + 2
	with open("in", "w", encoding="utf-8") as f:
	    for row in range(most):
	        cells = ((v + ["null"] * most)[row] for v in types.values())
	        f.write("{" + ",".join('"c%d":%s' % ic for ic in enumerate(cells))
	                + "}\n")
	END
	parse-json -s "$(cat schema)" --plain <in >want
	parse-json -s "$(cat schema)" --batch 7 <in >typed
	[ "$(wc -l <want)" = 26 ]
}

@test "JSON of sink-files" {
	edges
	sink-files d <typed
	stream-files --plain d/part-* >out
	cmp want out
	parse-json -s "$(cat schema)" --plain <out | cmp want -
	parse-json -s "$(cat schema)" --plain <in | sink-files e
	cmp want e/part-00000.json
}

@test "CSV of sink-files, where arrays, maps and structs are text" {
	local flat sep
	edges
	flat=$(sed 's/array<[a-z]*>/string/g; s/map<[^>]*>/string/; s/struct<[^>]*>/string/' schema)
	for sep in , ';' '\t' ' '; do
		rm -rf d
		sink-files d --format csv --sep "$sep" <typed
		# what is empty in quotes is a text where another text says null
		parse-csv --header --sep "${sep/\\t/tab}" --null NA -s "$flat" \
			--plain d/part-* >out
		python3 - <<-'END'
		import json
		want = [json.loads(line) for line in open("want")]
		for row in want:
		    for k, v in row.items():
		        if isinstance(v, (list, dict)):
		            row[k] = json.dumps(v, separators=(",", ":"))
		assert want == [json.loads(line) for line in open("out")]
		END
	done
}

@test "CSV of one column, where null is an empty text" {
	printf '{"a":%s}\n' null '""' '"x"' '"\n"' '" "' null >in
	sink-files d --format csv <in
	parse-csv --header --null NA -s 'a string' d/part-* >out
	sed 's/null/""/' in | cmp - out
	printf '{"a":%s}\n' null 7 null >in
	sink-files e --format csv <in
	parse-csv --header -s 'a int' e/part-* | cmp in -
}

@test "a table of SQLite, typed by a header and not" {
	edges
	sink-table --db x.db --table typed <typed
	sink-table --db x.db --table plain <want
	python3 - <<-'END'
	import json, sqlite3
	db = sqlite3.connect("x.db")
	types = open("schema").read().split(", ")
	want = [json.loads(line, parse_float=str) for line in open("want")]
	def same(v, got, table, name):
	    decimal = any(t.startswith(name + " decimal") for t in types)
	    if isinstance(v, (list, dict)):
	        return v == json.loads(got)
	    if decimal and table == "typed":
	        return got == (None if v is None else str(v))
	    if isinstance(got, float):
	        return not isinstance(v, int) and float(v) == got
	    if isinstance(v, int) and not -1 << 63 <= v < 1 << 63:
	        return str(v) == got
	    return v == got
	for table in "typed", "plain":
	    rows = db.execute("SELECT * FROM " + table).fetchall()
	    assert len(rows) == len(want)
	    for row, line in zip(rows, want):
	        for (name, v), got in zip(line.items(), row):
	            assert same(v, got, table, name), (table, name, v, got)
	END
}
