/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzz targets share
 *
 * A target is a file fuzz_NAME.c with one function.  `make fuzz` links it with
 * libFuzzer; `make check` links it with replay.c, which feeds it what is kept in
 * corpus/NAME.  An input decides all that happens: there is no clock and no
 * chance.
 */

#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** LLVMFuzzerTestOneInput() - Do what the input says; returns 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * struct fuzz_in - an input being read
 * @p:		next byte
 * @left:	bytes left
 */
struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

/** fuzz_u8() - The next byte, 0 at the end */
uint8_t fuzz_u8(struct fuzz_in *in);

/** fuzz_u16() - The next two */
uint16_t fuzz_u16(struct fuzz_in *in);

/** fuzz_take() - The next @len bytes, or those that are left; @len is set */
const uint8_t *fuzz_take(struct fuzz_in *in, size_t *len);

/* Say what is wrong and end, as a sanitizer would. */
#define FUZZ_CHECK(cond, ...)                                                  \
	do {                                                                   \
		if (!(cond)) {                                                 \
			fprintf(stderr, __VA_ARGS__);                          \
			fprintf(stderr, " (%s:%d)\n", __FILE__, __LINE__);     \
			abort();                                               \
		}                                                              \
	} while (0)

#endif /* TESTS_FUZZ_FUZZ_H */
