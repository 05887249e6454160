/* sa_overlap.c - hosts and identities that two SCSs have. Sorted, those that are equal are beside
 * each other. */
#include "ipsec/sa_overlap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const struct sa_conn *conn;
	const struct sa_ts *host;
};

static int by_host(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = sa_address_order(&x->host->from, &y->host->from);

	return order ? order : (x->conn > y->conn) - (x->conn < y->conn);
}

static int by_identity(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->conn->remote_id, y->conn->remote_id);

	return order ? order : (x->conn > y->conn) - (x->conn < y->conn);
}

static size_t count(const struct sa_conn *conns, size_t n)
{
	size_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		rows += conns[i].remote_n;
	}
	return rows;
}

static bool any_meets(const struct sa_conn *a, const struct sa_conn *b)
{
	for (size_t i = 0; i < a->local_n; i++) {
		for (size_t j = 0; j < b->local_n; j++) {
			if (sa_ts_meet(&a->local[i], &b->local[j])) {
				return true;
			}
		}
	}
	return false;
}

static struct sa_overlap pair(enum sa_overlap_kind kind, const struct row *x, const struct row *y)
{
	bool in_order = x->conn < y->conn;

	return (struct sa_overlap){ kind, in_order ? x->conn : y->conn, in_order ? y->conn : x->conn,
				    kind == SA_OVERLAP_IDENTITY ? NULL : x->host };
}

static int find_host(struct sa_overlap *out, struct row *rows, size_t n)
{
	qsort(rows, n, sizeof *rows, by_host);
	for (size_t i = 1; i < n; i++) {
		const struct row *x = &rows[i - 1], *y = &rows[i];

		if (x->conn != y->conn && sa_ts_meet_addresses(x->host, y->host)) {
			bool meet = sa_ts_meet(x->host, y->host) && any_meets(x->conn, y->conn);

			*out = pair(meet ? SA_OVERLAP_SELECTORS : SA_OVERLAP_HOST, x, y);
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

static int find_identity(struct sa_overlap *out, struct row *rows, size_t n)
{
	qsort(rows, n, sizeof *rows, by_identity);
	for (size_t i = 1; i < n; i++) {
		const struct row *x = &rows[i - 1], *y = &rows[i];

		if (x->conn != y->conn && !strcmp(x->conn->remote_id, y->conn->remote_id)) {
			*out = pair(SA_OVERLAP_IDENTITY, x, y);
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

int sa_overlap_find(struct sa_overlap *out, const struct sa_conn *conns, size_t n)
{
	size_t rows_n = count(conns, n), used = 0;
	struct row *rows;
	int err;

	if (!rows_n) {
		return ERR_NOTFOUND;
	}
	rows = calloc(rows_n, sizeof *rows);
	if (!rows) {
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < conns[i].remote_n; j++) {
			rows[used++] = (struct row){ &conns[i], &conns[i].remote[j] };
		}
	}
	err = find_host(out, rows, used);
	if (err == ERR_NOTFOUND) {
		err = find_identity(out, rows, used);
	}
	free(rows);
	return err;
}

void sa_overlap_words(char out[SA_OVERLAP_WHY_MAX], const struct sa_overlap *o)
{
	char host[SA_ADDRESS_TEXT_MAX] = "";

	if (o->host) {
		sa_address_text(host, &o->host->from);
	}
	if (o->kind == SA_OVERLAP_SELECTORS) {
		snprintf(out, SA_OVERLAP_WHY_MAX,
			 "SCSs '%.63s' and '%.63s' have selectors that overlap (host %s), expected selectors of one SCS only",
			 o->a->scs, o->b->scs, host);
	} else if (o->kind == SA_OVERLAP_HOST) {
		snprintf(out, SA_OVERLAP_WHY_MAX,
			 "SCSs '%.63s' and '%.63s' have one host (%s), expected a host of its own for each, because a host has "
			 "one child",
			 o->a->scs, o->b->scs, host);
	} else {
		snprintf(out, SA_OVERLAP_WHY_MAX,
			 "SCSs '%.63s' and '%.63s' have one identity, expected an Origin-Host of its own for each", o->a->scs,
			 o->b->scs);
	}
}
