/* dm_selectors.c - the protected addresses of ours are those of the listeners with NDS/IP. */
#include "daemon/dm_selectors.h"

#include <string.h>

static int add(struct sa_ts out[SA_SELECTORS_MAX], size_t *n, const struct cfg_listen *l, const char *address)
{
	struct sa_ts ts = { .protocol = l->transport == TRANSPORT_SCTP ? SA_SCTP : SA_TCP,
			    .port_from = l->port,
			    .port_to = l->port };

	if (sa_address_read(&ts.from, address, strlen(address))) {
		return ERR_INVAL;
	}
	if (*n == SA_SELECTORS_MAX) {
		return ERR_LIMIT;
	}
	ts.to = ts.from;
	out[(*n)++] = ts;
	return 0;
}

int dm_selectors(struct sa_ts out[SA_SELECTORS_MAX], size_t *n, const struct cfg_iwf *c)
{
	int err = 0;

	*n = 0;
	for (size_t i = 0; i < c->listen_n && !err; i++) {
		const struct cfg_listen *l = &c->listen[i];

		if (!protection_has_ndsip(l->protection)) {
			continue;
		}
		err = add(out, n, l, l->address);
		for (size_t k = 0; k < l->more_addresses_n && !err; k++) {
			err = add(out, n, l, l->more_addresses[k]);
		}
	}
	return err;
}
