/* err.h - the error codes that every room returns: 0 or one negative code.
 * A refusal by policy is a verdict, not an error. dia_failed.h alone turns these codes into
 * Diameter results. */
#pragma once

#define ERR_MUST_USE __attribute__((warn_unused_result))

/* name, value, words a person can act on */
#define ERR_TABLE(X)                                                                                                             \
	X(ERR_NOMEM, -1, "out of memory")                                                                                        \
	X(ERR_INVAL, -2, "invalid value")                                                                                        \
	X(ERR_RANGE, -3, "value out of range")                                                                                   \
	X(ERR_NOSPC, -4, "no space left")                                                                                        \
	X(ERR_IO, -5, "input/output error")                                                                                      \
	X(ERR_BUSY, -6, "busy, a bound is reached")                                                                              \
	X(ERR_AGAIN, -7, "nothing there yet")                                                                                    \
	X(ERR_NOTFOUND, -8, "not found")                                                                                         \
	X(ERR_EXISTS, -9, "exists already")                                                                                      \
	X(ERR_PROTO, -10, "breaks the protocol")                                                                                 \
	X(ERR_LIMIT, -11, "larger than the limit")                                                                               \
	X(ERR_AUTH, -12, "not authenticated")                                                                                    \
	X(ERR_REFUSED, -13, "refused by the other side")                                                                         \
	X(ERR_CLOSED, -14, "closed by the other side")                                                                           \
	X(ERR_TIMEOUT, -15, "no answer in time")                                                                                 \
	X(ERR_VERSION, -16, "of a version this program does not know")                                                           \
	X(ERR_STATE, -17, "not possible in this state")

enum err_code {
#define ERR_ROW(name, value, words) name = (value),
	ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

/* For a system call whose failure does not matter; `why` is the reason, for readers. Our own
 * functions do not need it: a function called for its effect returns void. */
static inline void err_ignore(long result, const char *why)
{
	(void)result;
	(void)why;
}

/* Words for a code; never NULL, static. */
const char *err_str(int err);
/* The same words, or "" where the reason contains them already: for "REASON (WORDS)" without a
 * repetition. */
const char *err_str_beside(int err, const char *reason);
