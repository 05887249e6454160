/* asc_overlap.c - asks ipsec/sa_overlap.h. Its connections carry the names, the identities and the
 * hosts only: our own selectors are the same for every SCS. */
#include "assoc/asc_overlap.h"

#include <stdlib.h>
#include <string.h>

#include "assoc/asc_model.h"
#include "assoc/asc_why.h"
#include "ipsec/sa_overlap.h"

static size_t count_hosts(const struct asc_scs *const *scs, size_t n)
{
	size_t hosts = 0;

	for (size_t i = 0; i < n; i++) {
		hosts += scs[i]->ndsip_hosts.n;
	}
	return hosts;
}

static void fill(struct sa_conn *conns, struct sa_ts *hosts, const struct asc_scs *const *scs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		conns[i] = (struct sa_conn){
			.scs = scs[i]->name, .remote_id = scs[i]->origin_host, .remote = hosts, .remote_n = scs[i]->ndsip_hosts.n
		};
		for (uint8_t k = 0; k < scs[i]->ndsip_hosts.n; k++) {
			const struct sa_address *at = &scs[i]->ndsip_hosts.at[k];

			*hosts++ = (struct sa_ts){ .from = *at, .to = *at, .protocol = SA_ANY, .port_to = UINT16_MAX };
		}
	}
}

int asc_overlap_find(size_t *a, size_t *b, const struct asc_scs *const *scs, size_t n, struct asc_why *why)
{
	size_t hosts_n = count_hosts(scs, n);
	char words[SA_OVERLAP_WHY_MAX];
	struct sa_overlap overlap;
	struct sa_conn *conns;
	struct sa_ts *hosts;
	int err;

	if (!hosts_n) {
		return 0;
	}
	conns = calloc(n, sizeof *conns);
	hosts = calloc(hosts_n, sizeof *hosts);
	err = conns && hosts ? 0 : ERR_NOMEM;
	if (!err) {
		fill(conns, hosts, scs, n);
		err = sa_overlap_find(&overlap, conns, n);
	}
	if (!err) {
		*a = (size_t)(overlap.a - conns);
		*b = (size_t)(overlap.b - conns);
		sa_overlap_words(words, &overlap);
		err = ERR_EXISTS;
	}
	free(conns);
	free(hosts);
	if (err == ERR_NOTFOUND) {
		return 0;
	}
	return err == ERR_EXISTS ? asc_refuse(why, err, "%.380s", words) : asc_refuse(why, err, "out of memory");
}

int asc_overlap_check(const struct asc_model *m, const struct asc_scs *with, struct asc_why *why)
{
	const struct asc_scs **scs = malloc((m->index->scs_n + 1) * sizeof *scs);
	size_t n = 0, a, b;
	int err;

	if (!scs) {
		return asc_refuse(why, ERR_NOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < m->index->scs_n; i++) {
		const struct asc_scs *one = &m->index->scs[i]->scs;

		if (one->ndsip_hosts.n && (!with || strcmp(one->name, with->name) != 0)) {
			scs[n++] = one;
		}
	}
	if (with) {
		scs[n++] = with;
	}
	err = asc_overlap_find(&a, &b, scs, n, why);
	free(scs);
	return err;
}
