/* sme_hosts.c - a table of addresses. */
#include "nodes/smssc/sme_hosts.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { KEY_LEN = 9, PREFIX_LEN = 8, TEXT_MAX = 64 };

struct sme_host {
	struct map_node node;
	uint8_t key[KEY_LEN];  /* 4 or 6, then what counts of the address */
	uint32_t n, unbound_n; /* connections; those without a bind */
};

int sme_hosts_init(struct sme_hosts *h)
{
	return map_init(&h->by_address);
}

void sme_hosts_fini(struct sme_hosts *h)
{
	map_fini(&h->by_address);
}

/* The address without its port. */
static int address_of(char text[TEXT_MAX], const char *peer)
{
	const char *end = strrchr(peer, ':');

	if (!end) {
		return ERR_INVAL;
	}
	if (*peer == '[' && end > peer && end[-1] == ']') {
		peer++;
		end--;
	}
	return str_copy(text, TEXT_MAX, peer, (size_t)(end - peer));
}

static int key_of(uint8_t key[KEY_LEN], const char *peer)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t octets[16] = { 0 };
	char text[TEXT_MAX];
	int err = address_of(text, peer);

	memset(key, 0, KEY_LEN);
	if (err) {
		return ERR_INVAL;
	}
	if (inet_pton(AF_INET, text, octets + sizeof mapped) == 1) {
		memcpy(octets, mapped, sizeof mapped);
	} else if (inet_pton(AF_INET6, text, octets) != 1) {
		return ERR_INVAL;
	}
	if (memcmp(octets, mapped, sizeof mapped) == 0) {
		key[0] = 4;
		memcpy(key + 1, octets + sizeof mapped, 4);
	} else {
		key[0] = 6;
		memcpy(key + 1, octets, PREFIX_LEN);
	}
	return 0;
}

int sme_hosts_take(struct sme_host **out, struct sme_hosts *h, const char *peer, uint32_t max, uint32_t unbound_max)
{
	uint8_t key[KEY_LEN];
	struct sme_host *host;
	int err = key_of(key, peer);

	if (err) {
		return err;
	}
	host = MAP_OF(map_find(&h->by_address, key, KEY_LEN), struct sme_host, node);
	if (host ? host->n >= max : max == 0) {
		return ERR_LIMIT;
	}
	if (host ? host->unbound_n >= unbound_max : unbound_max == 0) {
		return ERR_BUSY;
	}
	if (!host) {
		host = calloc(1, sizeof *host);
		if (!host) {
			return ERR_NOMEM;
		}
		memcpy(host->key, key, KEY_LEN);
		map_add(&h->by_address, &host->node, host->key, KEY_LEN);
	}
	host->n++;
	host->unbound_n++;
	*out = host;
	return 0;
}

void sme_hosts_bound(struct sme_host *host)
{
	host->unbound_n--;
}

void sme_hosts_give(struct sme_hosts *h, struct sme_host *host, bool bound)
{
	if (!host) {
		return;
	}
	host->unbound_n -= !bound;
	if (--host->n) {
		return;
	}
	map_del(&h->by_address, &host->node);
	free(host);
}
