/* SPDX-License-Identifier: MIT */
/*
 * test_slice.c - counted buffers
 */

#include "stack/base/slice.h"
#include "testmem.h"
#include "tests/unit/suites.h"

static const uint32_t sizes[] = {
	0, 1, 48, 49, 1500, 2032, 2033, 65536, 65536 + 64, 131072 - 16,
};

START_TEST(buffer_owns_the_rest_of_its_block)
{
	struct testmem t;
	struct ubuf *b;
	size_t block;

	testmem_init(&t, 4 << 20);
	b = ubuf_new(&t.mem, sizes[_i]);
	ck_assert_ptr_nonnull(b);
	block = mem_block_size(sizeof(*b) + sizes[_i]);
	ck_assert_uint_eq(b->refs, 1);
	ck_assert_uint_ge(b->size, sizes[_i]);
	ck_assert_uint_eq(b->size + sizeof(*b), block);
	ck_assert_uint_eq(ubuf_footprint(b), block);
	ck_assert_uint_eq(t.mem.used, block);
	ck_assert_uint_eq((uintptr_t)b->data % 16, 0);
	memset(b->data, 0, b->size);
	ubuf_put(b);
	testmem_fini(&t);
}
END_TEST

START_TEST(size_beyond_the_largest_block_is_refused)
{
	struct testmem t;

	testmem_init(&t, 4 << 20);
	ck_assert_ptr_null(ubuf_new(&t.mem, 131072 - 15));
	ck_assert_ptr_null(ubuf_new(&t.mem, UINT32_MAX));
	testmem_fini(&t);
}
END_TEST

START_TEST(last_reference_frees)
{
	struct testmem t;
	struct ubuf *b;

	testmem_init(&t, 4 << 20);
	b = ubuf_new(&t.mem, 100);
	ubuf_get(b);
	ubuf_put(b);
	ck_assert_uint_eq(t.mem.used, 128);
	ubuf_put(b);
	ck_assert_uint_eq(t.mem.used, 0);
	testmem_fini(&t);
}
END_TEST

Suite *suite_base_slice(void)
{
	Suite *s = suite_create("base/slice");
	TCase *tc = tcase_create("ubuf");

	tcase_add_loop_test(tc, buffer_owns_the_rest_of_its_block, 0,
			    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, size_beyond_the_largest_block_is_refused);
	tcase_add_test(tc, last_reference_frees);
	suite_add_tcase(s, tc);
	return s;
}
