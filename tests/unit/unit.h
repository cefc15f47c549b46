/* unit.h: cmocka with the headers that it needs before it, and the head of a test that has no state. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define TEST(name) static void name(void **state __attribute__((unused)))

#endif
