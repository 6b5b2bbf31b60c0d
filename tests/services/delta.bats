#!/usr/bin/env bats
# sink-delta, stream-delta and Parquet beside delta-rs, DuckDB and pyarrow.

load ../lib

setup_file() {
	PY=$("$BATS_TEST_DIRNAME/delta" </dev/null 3>&-) ||
		without "no deltalake, duckdb and pyarrow here"
	export PY
}

# python - [WORD...]: a program on standard input.  It ends without taking its
# threads down: those of delta-rs abort now and then when the interpreter does.
python() {
	shift
	"$PY" -c '
import os, sys
exec(compile(sys.stdin.read(), "-", "exec"))
sys.stdout.flush()
os._exit(0)' "$@"
}

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=${BIEF_BIN:-$TOP/bin}:$PATH
	enter
}

SCHEMA='b boolean, y tinyint, h smallint, i int, l bigint, f float, d double,
	c decimal(12,2), z decimal(38,3), s string, x binary, t timestamp,
	e date, a array<struct<p:int,q:array<string>>>, m map<string,double>,
	r struct<u:bigint,v:struct<w:date>>'

records() {
	"$TOP/tests/services/records" "$1"
}

@test "delta-rs, DuckDB and pyarrow read every type as it was written" {
	records 5000 >in
	stream-files in --trigger once | parse-json --schema "$SCHEMA" |
		sink-delta t
	python - >out <<-'END'
	import base64, datetime, decimal, duckdb, glob, json
	import deltalake, pyarrow.parquet
	def plain(v, name):
	    if v is None: return None
	    if name == 'x': return base64.b64encode(v).decode()
	    if name == 't': return v.strftime('%Y-%m-%dT%H:%M:%S.%fZ')
	    if name == 'm': return dict(v)
	    if isinstance(v, decimal.Decimal): return float(v)
	    if isinstance(v, datetime.date): return str(v)
	    if isinstance(v, dict): return {k: plain(x, k) for k, x in v.items()}
	    return v
	want = [json.loads(line) for line in open('in')]
	for w in want:
	    if w['z'] is not None: w['z'] = float(w['z'])
	def same(rows):
	    wrong = [(k, w[k], r[k]) for w, r in zip(want, rows) for k in w
	        if plain(r[k], k) != w[k]]
	    return len(rows) == len(want) and not wrong or wrong[:3]
	d = deltalake.DeltaTable('t')
	print('delta-rs', same(d.to_pyarrow_table().to_pylist()))
	f = glob.glob('t/*.parquet')[0]
	print('pyarrow', same(pyarrow.parquet.read_table(f).to_pylist()))
	q = duckdb.sql("set timezone='UTC'; select * exclude (x, m) "
	    f"from '{f}'")
	cols = [c[0] for c in q.description]
	rows = [dict(zip(cols, r)) for r in q.fetchall()]
	wrong = [(k, w[k], r[k]) for w, r in zip(want, rows) for k in cols
	    if plain(r[k], k) != w[k]]
	print('DuckDB', len(rows) == len(want) and not wrong or wrong[:3])
	END
	is out <<-'EOF'
	delta-rs True
	pyarrow True
	DuckDB True
	EOF
}

@test "bounds and counts of nulls are those of the rows" {
	records 3000 >in
	stream-files in --trigger once | parse-json --schema "$SCHEMA" |
		sink-delta t
	python - >out <<-'END'
	import deltalake, pyarrow as pa, pyarrow.compute as pc, glob
	import pyarrow.parquet as pq
	d = deltalake.DeltaTable('t')
	t = d.to_pyarrow_table()
	a = pa.table(d.get_add_actions(flatten=True)).to_pylist()[0]
	print(a['num_records'] == t.num_rows)
	for n in 'y h i l d s t e'.split():
	    m = pc.min_max(t[n]).as_py()
	    if (a['min.' + n], a['max.' + n]) != (m['min'], m['max']):
	        print(n, a['min.' + n], a['max.' + n], m)
	    if a['null_count.' + n] != t[n].null_count:
	        print(n, a['null_count.' + n], t[n].null_count)
	g = pq.ParquetFile(glob.glob('t/*.parquet')[0]).metadata.row_group(0)
	for k in range(g.num_columns):
	    c = g.column(k)
	    n = c.path_in_schema
	    if n not in t.column_names or n in 'bfx': continue
	    m = pc.min_max(t[n]).as_py()
	    s = c.statistics
	    if (s.min, s.max, s.null_count) != (m['min'], m['max'], t[n].null_count):
	        print('file', n, s.min, s.max, s.null_count, m)
	END
	is out <<<True
}

@test "history shows the batches, and an older version the older rows" {
	mkdir in
	for i in 1 2 3; do
		echo "{\"k\":$i}" >in/$i
	done
	stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int' | sink-delta t
	python - >out <<-'END'
	import deltalake
	d = deltalake.DeltaTable('t')
	for h in d.history():
	    p = h['operationParameters']
	    print(h['version'], h['operation'], p['outputMode'], p['epochId'])
	print(deltalake.DeltaTable('t', version=1).to_pyarrow_table()['k'].to_pylist())
	END
	is out <<-'EOF'
	2 STREAMING UPDATE Append 2
	1 STREAMING UPDATE Append 1
	0 STREAMING UPDATE Append 0
	[2, 1]
	EOF
}

@test "partitions of every type are read by delta-rs" {
	stream-files --trigger once - <<-'EOF' |
	{"n":1,"i":-7,"s":"a/b c%d=é","t":"2026-01-02T03:04:05.678Z","d":"2026-01-02","c":1.50,"o":true,"f":2.5}
	{"n":2,"i":null,"s":null,"t":null,"d":null,"c":null,"o":null,"f":null}
	EOF
		parse-json --schema 'n int, i int, s string, t timestamp, d date,
			c decimal(5,2), o boolean, f double' |
		sink-delta t --partition-by i,s,t,d,c,o,f
	python - >out <<-'END'
	import deltalake
	t = deltalake.DeltaTable('t').to_pyarrow_table().sort_by('n')
	for r in t.to_pylist():
	    print(*(str(v) for v in r.values()))
	END
	is out <<-'EOF'
	1 -7 a/b c%d=é 2026-01-02 03:04:05.678000+00:00 2026-01-02 1.50 True 2.5
	2 None None None None None None None
	EOF
	stream-delta t | sort >out
	is out <<-'EOF'
	{"n":1,"i":-7,"s":"a/b c%d=é","t":"2026-01-02T03:04:05.678Z","d":"2026-01-02","c":1.50,"o":true,"f":2.5}
	{"n":2,"i":null,"s":null,"t":null,"d":null,"c":null,"o":null,"f":null}
	EOF
}

@test "a table of delta-rs is read, appended to, updated, and read back" {
	python - <<-'END'
	import deltalake, pyarrow as pa
	t = pa.table({'k': pa.array([1, 2, 3], pa.int64()), 's': ['x', 'y', None],
	    'l': [[1], [], None]})
	deltalake.write_deltalake('t', t, partition_by=['k'])
	deltalake.write_deltalake('t', t.slice(0, 1), mode='append')
	deltalake.DeltaTable('t').create_checkpoint()
	END
	rm t/_delta_log/*0.json
	stream-delta t | sort >out
	is out <<-'EOF'
	{"k":1,"s":"x","l":[1]}
	{"k":1,"s":"x","l":[1]}
	{"k":2,"s":"y","l":[]}
	{"k":3,"s":null,"l":null}
	EOF
	echo '{"k":4,"s":"z","l":[4]}' | sink-delta t
	printf '%s\n' '{"k":1,"s":"one","l":[]}' |
		sink-delta t --mode update --key k
	python - >out <<-'END'
	import deltalake
	t = deltalake.DeltaTable('t').to_pyarrow_table().sort_by('k')
	for r in t.to_pylist():
	    print(r)
	deltalake.DeltaTable('t').optimize.compact()
	deltalake.write_deltalake('t', t.slice(0, 1), mode='append')
	END
	is out <<-'EOF'
	{'k': 1, 's': 'one', 'l': []}
	{'k': 2, 's': 'y', 'l': []}
	{'k': 3, 's': None, 'l': None}
	{'k': 4, 's': 'z', 'l': [4]}
	EOF
	stream-delta t | wc -l >out
	is out <<<5
}

@test "a checkpoint of the log is read by delta-rs, without the versions before it" {
	mkdir in
	for i in $(seq 12); do
		echo "{\"k\":$((i % 2)),\"n\":$i}" >in/$i
	done
	stream-files --checkpoint ck --order name --max-files 1 in |
		parse-json --schema 'k int, n int' |
		sink-delta t --mode update --key k --partition-by k
	rm t/_delta_log/0000000000000000000?.json
	python - >out <<-'END'
	import deltalake
	d = deltalake.DeltaTable('t')
	print(d.version(), d.to_pyarrow_table().sort_by('k').to_pylist())
	END
	is out <<-'EOF'
	11 [{'k': 0, 'n': 12}, {'k': 1, 'n': 11}]
	EOF
}

@test "writers of bief and delta-rs append to one table at a time" {
	echo '{"w":0,"n":0}' | sink-delta t
	mkdir in
	for i in $(seq 10); do
		echo "{\"w\":1,\"n\":$i}" >in/$i
	done
	python - <<-'END' &
	import deltalake, pyarrow as pa
	for i in range(10):
	    deltalake.write_deltalake('t', pa.table({'w': pa.array([2], pa.int64()),
	        'n': pa.array([i + 1], pa.int64())}), mode='append')
	END
	stream-files --trigger available-now --max-files 1 in |
		parse-json --schema 'w bigint, n bigint' | sink-delta t
	wait
	stream-delta t | jq -c '[.w, .n]' | sort -u | wc -l >out
	ls t/_delta_log/*.json | wc -l >>out
	is out <<-'EOF'
	21
	21
	EOF
}

@test "Parquet of pyarrow and DuckDB is read: codecs, pages, dictionaries, types" {
	records 4000 >in
	python - <<-'END'
	import duckdb, json, pyarrow as pa, pyarrow.parquet as pq
	rows = [json.loads(line) for line in open('in')]
	t = pa.table({k: [r[k] for r in rows] for k in 'b i l d s a r'.split()})
	for c in 'none snappy gzip zstd'.split():
	    for v in '1.0', '2.0':
	        for e in True, False:
	            pq.write_table(t, f'{c}-{v}-{e}.parquet', compression=c,
	                data_page_version=v, use_dictionary=e, data_page_size=2000,
	                row_group_size=1500)
	duckdb.sql("copy (select * from 'none-1.0-True.parquet') to "
	    "'duck.parquet' (format parquet)")
	END
	jq -c '{b, i, l: (.l | tostring), d, s, a, r}' in >/dev/null
	parse-parquet none-1.0-False.parquet >want
	python - <<-'END'
	import json
	def bare(v):
	    if isinstance(v, dict):
	        return {k: bare(x) for k, x in v.items() if x is not None}
	    return [bare(x) for x in v] if isinstance(v, list) else v
	for a, b in zip(open('in'), open('want'), strict=True):
	    a, b = json.loads(a), json.loads(b)
	    assert bare({k: a[k] for k in b}) == bare(b), (a, b)
	END
	for f in *.parquet; do
		parse-parquet "$f" | cmp - want || { echo "$f"; false; }
	done
	stream-files duck.parquet | cmp - want
}

@test "values that are packed as differences are read, other codecs refused by name" {
	python - <<-'END'
	import pyarrow as pa, pyarrow.parquet as pq
	t = pa.table({'n': pa.array(range(9), pa.int64())})
	pq.write_table(t, 'a', use_dictionary=False,
	    column_encoding={'n': 'DELTA_BINARY_PACKED'})
	pq.write_table(t, 'b', compression='brotli')
	END
	seq 0 8 | sed 's/.*/{"n":&}/' >want
	parse-parquet a | cmp - want
	run -1 parse-parquet b
	[ "$output" = "parse-parquet: 'b': column 'n': its pages are packed by brotli, which is not read: write it with zstd, snappy, gzip or none" ]
}

@test "counts by action and hour: killed and started again, the table is the golden answer" {
	shared
	p="stream-files --checkpoint ck --max-files 10 $SHARED/data/events |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h --watermark 2h |
		agg --mode complete --by action count | sink-delta counts"
	bief run "$p" >/dev/null 2>&1 &
	wait_for test -e counts/_delta_log/00000000000000000001.json
	kill -9 %1
	wait %1 || true
	bief run "$p"
	stream-delta counts |
		jq -r '[.window_start, .window_end, .action, .count] | @tsv' |
		sort >got
	stream-files $SHARED/data/events |
		parse-json --schema 'time timestamp, action string' |
		window --on time --size 1h | agg --by action count |
		jq -r '[.window_start, .window_end, .action, .count] | @tsv' |
		sort >want
	[ -s want ]
	diff want got
	cat counts/_delta_log/*.json | jq '.txn.version // empty' | uniq -d >twice
	is twice </dev/null
}
