/* ue_devices.c - ranges in a small table, devices in one array a range. */
#include "nodes/ue/ue_devices.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static int parse_imsi(uint64_t *out, unsigned *digits, const char *p, size_t len)
{
	char imsi[SMS_IMSI_MAX + 1];
	int err = sms_frame_imsi_parse(imsi, (const uint8_t *)p, len);

	if (err) {
		return ERR_INVAL;
	}
	*digits = (unsigned)len;
	return str_parse_u64(out, imsi, 0, UINT64_MAX);
}

static int parse_range(struct ue_range *out, const char *text)
{
	struct ue_range r = { 0 };
	const char *dash = strchr(text, '-');
	unsigned digits;
	int err = parse_imsi(&r.first, &r.digits, text, dash ? (size_t)(dash - text) : strlen(text));

	r.last = r.first;
	if (!err && dash) {
		err = parse_imsi(&r.last, &digits, dash + 1, strlen(dash + 1));
	}
	if (!err && ((dash && digits != r.digits) || r.last < r.first)) {
		err = ERR_INVAL;
	}
	if (!err) {
		*out = r;
	}
	return err;
}

static bool overlaps(const struct ue_range *a, const struct ue_range *b)
{
	return a->digits == b->digits && a->first <= b->last && b->first <= a->last;
}

int ue_devices_add(struct ue_devices *d, const char *text)
{
	struct ue_range r;
	int err = parse_range(&r, text);

	if (err) {
		return err;
	}
	if (d->ranges_n == UE_RANGES_MAX || r.last - r.first >= UE_DEVICES_MAX - d->devices_n) {
		return ERR_LIMIT;
	}
	for (unsigned i = 0; i < d->ranges_n; i++) {
		if (overlaps(&r, &d->ranges[i])) {
			return ERR_EXISTS;
		}
	}
	r.devices = calloc((size_t)(r.last - r.first + 1), sizeof *r.devices);
	if (!r.devices) {
		return ERR_NOMEM;
	}
	d->ranges[d->ranges_n++] = r;
	d->devices_n += (uint32_t)(r.last - r.first + 1);
	return 0;
}

void ue_devices_fini(struct ue_devices *d)
{
	for (unsigned i = 0; i < d->ranges_n; i++) {
		free(d->ranges[i].devices);
	}
	*d = (struct ue_devices){ 0 };
}

struct ue_device *ue_devices_find(const struct ue_devices *d, const char *imsi)
{
	unsigned digits;
	uint64_t n;

	if (parse_imsi(&n, &digits, imsi, strlen(imsi))) {
		return NULL;
	}
	for (unsigned i = 0; i < d->ranges_n; i++) {
		const struct ue_range *r = &d->ranges[i];

		if (r->digits == digits && n >= r->first && n <= r->last) {
			return &r->devices[n - r->first];
		}
	}
	return NULL;
}

int ue_devices_each(struct ue_devices *d, const char *text, ue_device_fn *fn, void *arg)
{
	struct ue_range wanted = { .last = UINT64_MAX };
	int count = 0;

	if (text && parse_range(&wanted, text)) {
		return ERR_INVAL;
	}
	for (unsigned i = 0; i < d->ranges_n; i++) {
		struct ue_range *r = &d->ranges[i];
		uint64_t from = wanted.first > r->first ? wanted.first : r->first;
		uint64_t to = wanted.last < r->last ? wanted.last : r->last;
		char imsi[SMS_IMSI_MAX + 1 + 8];

		if ((text && wanted.digits != r->digits) || from > to) {
			continue;
		}
		for (uint64_t n = from; n <= to; n++, count++) {
			snprintf(imsi, sizeof imsi, "%0*" PRIu64, (int)r->digits, n);
			fn(arg, imsi, &r->devices[n - r->first]);
		}
	}
	return count ? count : ERR_NOTFOUND;
}
