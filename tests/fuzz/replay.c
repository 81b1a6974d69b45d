/* SPDX-License-Identifier: MIT */
/*
 * replay.c FILE... - feed files to a fuzz target, without a fuzzer
 */

#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUT_MAX (1u << 20)

static int replay(const char *path)
{
	uint8_t *buf = malloc(INPUT_MAX);
	FILE *f = fopen(path, "rb");
	uint8_t *input;
	size_t len;

	if (!f || !buf) {
		perror(path);
		exit(1);
	}
	len = fread(buf, 1, INPUT_MAX, f);
	(void)fclose(f);
	input = malloc(len); /* its end is seen by the sanitizer */
	for (size_t i = 0; i < len; i++)
		input[i] = buf[i];
	free(buf);
	fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(input, len);
	free(input);
	return 1;
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++)
		n += replay(argv[i]);
	printf("%d inputs\n", n);
	return n == 0;
}
