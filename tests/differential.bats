load lib

@test "random values of every type are compared, grouped, sorted, joined and kept as a model has it, whichever way they go" {
	# always the same ones; make differential draws others
	"$TOP/tests/differential" --cases 8 --seed 1 >said || { cat said; return 1; }
	tail -1 said | grep -q ', 0 failed$'
}
