/* exit_codes.h - what the programs say with their exit status: one table for all of them. A number
 * has the same meaning in each program that has it. Manuals and docs/user/exit-codes.md are
 * compared with the rows by tests. */
#pragma once
#include <stdio.h>

enum exit_program {
	EXIT_OF_IWFD = 1,
	EXIT_OF_CTL = 2,
	EXIT_OF_SCS = 4,
	EXIT_OF_NODE = 8, /* mtc-hss, mtc-smssc, mtc-ue */
	EXIT_OF_ALL = 15,
};

/* X(NAME, number, who has it, meaning) */
#define EXIT_CODES(X)                                                                                                            \
	X(DONE, 0, EXIT_OF_ALL, "done; a program that serves was ended by a signal")                                             \
	X(FAILED, 1, EXIT_OF_ALL, "failed or refused, or the answer of a check is no")                                           \
	X(USAGE, 2, EXIT_OF_ALL, "invalid usage, or a file that cannot be used; nothing was done")                               \
	X(REFUSED, 3, EXIT_OF_SCS, "the gateway refused the request; request_status says why")                                   \
	X(CONNECT, 4, EXIT_OF_CTL | EXIT_OF_SCS, "could not connect, or the answer broke off")                                   \
	X(OUTCOME, 5, EXIT_OF_SCS, "the delivery report has another outcome than SUCCESS")                                       \
	X(NO_REPORT, 6, EXIT_OF_SCS, "no delivery report in time; mtc-scs listen receives it later")

enum exit_code {
#define EXIT_CODE_NUMBER(name_, number_, who_, meaning_) EXIT_CODE_##name_ = number_,
	EXIT_CODES(EXIT_CODE_NUMBER)
#undef EXIT_CODE_NUMBER
};

/* The part of --help: a title, and a line for each number of this program. */
void exit_codes_help(FILE *out, enum exit_program program);
