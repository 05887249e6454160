/* ns_charon_crls.c - the revocation lists of the trust anchors, handed to charon. */
#include "ndsip/ns_charon_int.h"

/* The anchor whose list is on its way; NULL: it is a flush, or the files are others by now. */
static struct ns_anchor *crl_anchor(const struct ns_charon *c)
{
	return c->files && c->files == c->crl_files ? &c->files->anchors[c->crl_of] : NULL;
}

/* Without this CRL charon only has an older one of the anchor: SCSs of the anchor are refused when
 * they are loaded. */
static void on_crl(void *arg, int err, const struct vici_packet *response)
{
	struct ns_charon *c = ns_charon_of(arg);
	struct ns_anchor *a = crl_anchor(c);
	char why[128] = "";

	c->crl_files = NULL;
	if (err ? err != ERR_CLOSED : !ns_vici_success(response, why, sizeof why)) {
		log_error(c->conf.log, "ndsip", "strongSwan refused a revocation list: %s", *why ? why : err_str(err));
		if (a) {
			ns_files_refuse(a, *why ? why : err_str(err));
			ns_list_new_anchor(c->conf.list, a->name);
		}
	}
	ns_charon_step(c);
}

/* The next revocation list; false: there is none. Behind the last one, what charon remembers of
 * lists that it has used is flushed: it would go on to use those as long as they are in force. */
bool ns_charon_crl(struct ns_charon *c)
{
	struct vici_out o;

	while (c->files && c->crl_anchor < c->files->anchors_n) {
		const struct ns_anchor *a = &c->files->anchors[c->crl_anchor];

		if (c->crl == a->crls_n) {
			c->crl_anchor++;
			c->crl = 0;
			continue;
		}
		c->want_flush = true;
		c->crl_files = c->files;
		c->crl_of = c->crl_anchor;
		o = ns_charon_begin(c, "load-cert");
		vici_put_value(&o, "type", "X509_CRL");
		vici_put_value(&o, "flag", "NONE");
		vici_put_octets(&o, "data", a->crls[c->crl].p, a->crls[c->crl].len);
		c->crl++;
		return ns_charon_send(c, &o, on_crl);
	}
	if (c->want_flush) {
		c->want_flush = false;
		c->crl_files = NULL;
		o = ns_charon_begin(c, "flush-certs");
		vici_put_value(&o, "type", "X509_CRL");
		return ns_charon_send(c, &o, on_crl);
	}
	return false;
}
