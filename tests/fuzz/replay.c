/*
 * replay: runs a fuzz target on files, without a fuzzer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data;
		long n;

		if (f == NULL || fseek(f, 0, SEEK_END) < 0 ||
			(n = ftell(f)) < 0) {
			perror(argv[i]);
			return 1;
		}
		rewind(f);
		/* Exactly as large as it is, so that a sanitizer sees every
		 * read behind the end. */
		data = malloc((size_t)n);
		if (fread(data, 1, (size_t)n, f) != (size_t)n) {
			perror(argv[i]);
			return 1;
		}
		fclose(f);
		LLVMFuzzerTestOneInput(data, (size_t)n);
		free(data);
	}
	return 0;
}
