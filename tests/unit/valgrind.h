/* valgrind.h - whether a test runs under valgrind: for what cannot be played there. */
#pragma once
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
