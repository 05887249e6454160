/* p11_slow.c - a PKCS#11 module in front of another one ($P11_BEHIND): each C_Sign takes 2 s as long as there is a file $P11_IS.slow, and
 * C_Initialize never returns when there is a file $P11_IS.silent. */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOW_MS 2000

static CK_FUNCTION_LIST list;
static CK_FUNCTION_LIST_PTR behind;

static bool is(const char *what)
{
	char path[512];

	snprintf(path, sizeof path, "%s.%s", getenv("P11_IS"), what);
	return access(path, F_OK) == 0;
}

static CK_RV initialize(CK_VOID_PTR args)
{
	if (is("silent")) {
		poll(NULL, 0, -1);
	}
	return behind->C_Initialize(args);
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	if (is("slow")) {
		poll(NULL, 0, SLOW_MS);
	}
	return behind->C_Sign(session, data, len, out, out_len);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out)
{
	void *module = dlopen(getenv("P11_BEHIND"), RTLD_NOW);
	CK_C_GetFunctionList get = NULL;
	CK_RV rv;

	if (!module) {
		return CKR_GENERAL_ERROR;
	}
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	rv = get ? get(&behind) : CKR_GENERAL_ERROR;
	if (rv == CKR_OK) {
		list = *behind;
		list.C_Initialize = initialize;
		list.C_Sign = sign;
		*out = &list;
	}
	return rv;
}
