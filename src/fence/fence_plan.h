/* fence_plan.h - what the rules of NDS/IP are made from: the listeners, and the peers that we
 * connect to, whose traffic may only pass through a tunnel of IPsec (TS 33.210), and how the kernel
 * tells a tunnel.
 *
 * The rules stand whether or not a tunnel does. The end of a security association does not disturb
 * a TCP connection while any other route to the peer exists: it goes on in the clear. So a rule has
 * to drop what does not go through the tunnel. PURE. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipsec/sa_ts.h"

#define FENCE_TABLE "mtc_iwf_ndsip" /* of the family inet: ours alone */
#define FENCE_DEVICE_MAX 16         /* name of a network device, with NUL */
#define FENCE_NAME_MAX 64           /* name of a listener, with NUL */
#define FENCE_SELECTORS_MAX 64u
#define FENCE_HOSTS_MAX 256u /* of all selectors */
#define FENCE_WHY_MAX 512    /* with NUL */

enum fence_mode {
	FENCE_LIBIPSEC, /* strongSwan's kernel-libipsec: the tunnel is a TUN device */
	FENCE_XFRM,     /* the kernel's own IPsec */
};

struct fence_selector {   /* one protected address with its port */
	const char *name; /* of the listener or peer: [a-z0-9._-], at most FENCE_NAME_MAX - 1 */
	/* We connect from `address` to `port` of the hosts, of which there is at least one; nobody
	 * connects to us. False: a listener at `address` and `port`. */
	bool peer;
	struct sa_address address;
	uint16_t port;
	uint8_t protocol; /* SA_TCP or SA_SCTP */
	/* who may come through the tunnel; none: every host that has one */
	const struct sa_address *hosts;
	size_t hosts_n;
};

struct fence_plan { /* all borrowed */
	enum fence_mode mode;
	const char *device; /* FENCE_LIBIPSEC: the TUN device, "ipsec0" unless charon has another */
	const struct fence_selector *selector;
	size_t n;
};

/* Whether rules can be made of it. ERR_INVAL with words that name what is wrong and what was
 * expected. */
ERR_MUST_USE int fence_plan_check(const struct fence_plan *plan, char why[FENCE_WHY_MAX]);
