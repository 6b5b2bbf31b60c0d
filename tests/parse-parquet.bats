#!/usr/bin/env bats
# parse-parquet: the rows of Parquet files.  What others have written is read by
# services/delta.bats.

load lib

@test "rows of several files, in the columns of the first" {
	printf '{"a":1,"b":"x"}\n' | sink-files one --format parquet
	printf '{"c":true,"A":2}\n' | sink-files two --format parquet
	parse-parquet one/part-00000.parquet two/part-00000.parquet >out
	is out <<-'EOF'
	{"a":1,"b":"x"}
	{"a":2,"b":null}
	EOF
}

@test "--columns reads these alone, in this order" {
	printf '{"a":1,"b":"x","c":[1]}\n' | sink-files d --format parquet
	parse-parquet --columns c,A d/part-00000.parquet >out
	is out <<<'{"c":[1],"a":1}'
	run -2 parse-parquet --columns bb d/part-00000.parquet
	echo "$output" >out
	is out <<-'EOF'
	parse-parquet: --columns: there is no column 'bb' (did you mean 'b'?)
	EOF
}

@test "batches by --max-records, and a restart goes on behind the last" {
	seq 5 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	p='parse-parquet d/part-00000.parquet --max-records 2 --checkpoint ck |
		sink-files out'
	bief run "$p"
	cat out/part-00001.json >got
	is got <<-'EOF'
	{"n":3}
	{"n":4}
	EOF
	rm ck/commits/*/2.commit
	bief run "$p"
	cat out/part-* | wc -l >got
	is got <<<5
}

@test "a restart goes on within a further file that has fewer columns" {
	seq 3000 | awk '{ printf "{\"a\":%d,\"b\":%d,\"c\":%d,\"d\":%d,\"e\":%d,\"n\":%d}\n",
		$1, $1, $1, $1, $1, $1 }' | sink-files one --format parquet
	seq 3000 | sed 's/.*/{"n":&}/' | sink-files two --format parquet
	p='parse-parquet one/part-00000.parquet two/part-00000.parquet \
		--max-records 2750 --checkpoint ck | pick n | sink-files out'
	bief run "$p"
	rm ck/commits/*/2.commit
	bief run "$p"
	cat out/part-* >got
	is got < <(for i in 1 2; do seq 3000 | sed 's/.*/{"n":&}/'; done)
}

@test "a column of a further file is all that differ from its name in case only" {
	printf '{"n":1,"N":2}\n' | sink-files one --format parquet
	seq 3 5 | sed 's/.*/{"n":&}/' | sink-files two --format parquet
	parse-parquet one/part-00000.parquet two/part-00000.parquet >out
	is out <<-'EOF'
	{"n":1,"N":2}
	{"n":3,"N":3}
	{"n":4,"N":4}
	{"n":5,"N":5}
	EOF
}

@test "standard input is kept where TMPDIR says" {
	seq 3 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	TMPDIR=$PWD parse-parquet - <d/part-00000.parquet | wc -l >out
	is out <<<3
	TMPDIR=$PWD/nothing run -1 parse-parquet - <d/part-00000.parquet
	[ "$output" = "parse-parquet: cannot keep standard input in '$PWD/nothing' (TMPDIR says where): No such file or directory" ]
}

@test "so is a pipe by a name, wherever it stands among files" {
	seq 3 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	seq 4 5 | sed 's/.*/{"n":&}/' | sink-files e --format parquet
	cp d/part-00000.parquet d.parquet
	parse-parquet d.parquet <(cat e/part-00000.parquet) d.parquet |
		agg collect_list:n >out
	is out <<<'{"collect_list(n)":[1,2,3,4,5,1,2,3]}'
	bief run 'parse-parquet <(cat d.parquet) - | agg sum:n' \
		<e/part-00000.parquet >out
	is out <<<'{"sum(n)":15}'
	mkfifo fifo
	cat d.parquet >fifo &
	parse-parquet fifo fifo | wc -l >out
	is out <<<6
	echo no >fifo &
	run -3 parse-parquet fifo
	[ "$output" = "parse-parquet: 'fifo': it is no Parquet file: it has 3 bytes" ]
}

@test "many rows, pages and dictionaries come back as they were" {
	seq 300000 | awk '{
		printf "{\"n\":%d,\"s\":\"w%d\",\"u\":\"unique %d\",\"x\":", $1, $1 % 700, $1
		if ($1 % 3) printf "%d.5,", $1; else printf "null,"
		printf "\"l\":[";
		for (i = 0; i < $1 % 4; i++) printf "%s%d", i ? "," : "", i
		print "]}" }' >in
	sink-files d --format parquet <in
	parse-parquet d/part-00000.parquet | cmp - in
	stream-files d/part-00000.parquet | cmp - in
}

@test "stream-files goes on within a Parquet file" {
	seq 5 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	p='stream-files d/part-00000.parquet --max-records 2 --checkpoint ck \
		--trigger once | parse-json | sink-files out'
	for i in 1 2 3; do
		bief run "$p"
	done
	cat out/part-* >got
	seq 5 | sed 's/.*/{"n":&}/' | is got
}

@test "a file that is cut, or none, is refused" {
	seq 1000 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	head -c 700 d/part-00000.parquet >cut.parquet
	run -3 parse-parquet cut.parquet
	echo "$output" >out
	echo hello >x
	run -3 parse-parquet x
	echo "$output" >>out
	is out <<-'EOF'
	parse-parquet: 'cut.parquet': it is no Parquet file, or it is cut: it does not end with PAR1
	parse-parquet: 'x': it is no Parquet file: it has 6 bytes
	EOF
}

@test "differences, lengths apart, shared beginnings and split bytes are values" {
	# 300 rows of twelve columns with nulls, as pyarrow writes them.
	corpus=$TOP/tests/fuzz/corpus/parquet
	parse-parquet $corpus/plain >plain
	wc -l <plain >n
	is n <<<300
	for file in encodings encodings2 split; do
		parse-parquet $corpus/$file >out
		is out <plain
	done
	parse-parquet --columns fix,seq $corpus/encodings >out
	pick fix,seq <plain >columns
	is out <columns
}

@test "what is aggregated at once is what is aggregated one by one" {
	seq 20000 | awk '{
		printf "{\"k\":%d,\"n\":%d,\"x\":%s,\"s\":\"%s\",\"r\":%s}\n",
			$1 * 7919 % 397, $1, $1 % 11 ? $1 / 3 : "null",
			$1 % 5 ? "t" $1 % 9 : "w\\\"",
			$1 % 37 ? "null" : "\"r" $1 % 89 "\"" }' >in
	sink-files d --format parquet <in
	for rest in 'agg --by k count' 'agg count' 'agg --by k,s count sum:x' \
		'agg --by s avg:x min:x max:n count:x sum:n' 'agg sum:x count:s' \
		'agg --by k first:n last:x max:s' 'agg max:k min:x' \
		'agg --by k max:r min:x' \
		'agg --by k,s,n,x count sum:n' 'agg --by k --cube sum:n'; do
		bief run "parse-parquet d/part-00000.parquet | $rest" >out
		parse-parquet d/part-00000.parquet | $rest >pipe
		is out <pipe
	done
}

@test "in bief run, columns at which nobody looks are not read" {
	seq 3000 | awk '{
		printf "{\"t\":\"2024-01-01T%02d:00:00Z\",\"k\":\"%s\",\"n\":%d,\"s\":{\"x\":%d}}\n",
			$1 % 24, $1 % 3 ? "a" : "b", $1, $1 % 10 }' >in
	sink-files d --format parquet <in
	for rest in 'agg --by k sum:n' 'agg --by K count' 'agg count' \
		'agg max:s.x' 'window --on t --size 6h | agg --by k sum:n' \
		'agg --by k sum:*' 'filter ".n > 5" | agg sum:n'; do
		bief run "parse-parquet d/part-00000.parquet | $rest" >out
		eval "parse-parquet d/part-00000.parquet | $rest" >pipe
		is out <pipe
	done
	# The first column is damaged, which only those see who ask for it.
	cp d/part-00000.parquet x
	printf '\377\377\377' | dd of=x bs=1 seek=40 conv=notrunc 2>dd
	run -3 bief run 'parse-parquet x | agg max:t'
	bief run 'parse-parquet x | agg --by k sum:n' >out
	bief run 'parse-parquet d/part-00000.parquet | agg --by k sum:n' >whole
	is out <whole
}

@test "a column is read once: a name given twice is refused" {
	printf '{"a":1}\n' | sink-files d --format parquet
	run -2 parse-parquet --columns a,A d/part-00000.parquet
	echo "$output" >out
	is out <<<"parse-parquet: --columns: 'A' is named twice"
}

@test "a damaged page is told by its column" {
	seq 1000 | sed 's/.*/{"n":&}/' | sink-files d --format parquet
	cp d/part-00000.parquet x
	printf '\377\377\377' | dd of=x bs=1 seek=40 conv=notrunc 2>dd
	run -3 parse-parquet x
	[[ ${lines[-1]} == "parse-parquet: 'x': column 'n'"*damaged* ]]
}
