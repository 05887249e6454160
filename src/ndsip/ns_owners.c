/* ns_owners.c - see ns_owners.h. */
#include "ndsip/ns_owners.h"

bool ns_owners_take(struct ns_owners *o, uint64_t owner)
{
	unsigned at = NS_OWNERS_MAX;

	for (unsigned i = 0; i < NS_OWNERS_MAX; i++) {
		if (o->row[i].open && o->row[i].owner == owner) {
			at = i;
			break;
		}
		at = at == NS_OWNERS_MAX && !o->row[i].open ? i : at;
	}
	if (at == NS_OWNERS_MAX || o->row[at].open >= o->share) {
		return false;
	}
	o->row[at].owner = owner;
	o->row[at].open++;
	return true;
}

void ns_owners_give(struct ns_owners *o, uint64_t owner)
{
	for (unsigned i = 0; i < NS_OWNERS_MAX; i++) {
		if (o->row[i].open && o->row[i].owner == owner) {
			o->row[i].open--;
			return;
		}
	}
}
