/* fence_test.h - the plans that the recordings of tests/unit/fence are of. */
#pragma once
#include "tests/unit/test.h"

#include "fence/fence_judge.h"

/* Two listeners, one with two addresses; the second says who may come. */
struct fence_plan test_plan(enum fence_mode mode);
struct fence_rules *test_rules(enum fence_mode mode);

/* The octets of FOLDER/NAME; the caller frees them. Fails the test when it cannot be read. */
uint8_t *test_file(const char *name, size_t *len);
extern const char *test_folder; /* set by main() */
