/* dm_part.c - the form of a part: a head, a row for each file, the octets of the files. */
#include "daemon/dm_part.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/fd_stat.h"
#include "base/str.h"
#include "daemon/dm_msg.h"
#include "tls/tls_judge.h"

struct head {
	uint32_t generation, rows;
};

struct row {
	uint32_t what, index;
	uint64_t offset, len; /* offset from the begin of the part */
};

int dm_part_make(int *fd, uint32_t generation, const struct dm_piece *pieces, size_t n)
{
	struct head head = { generation, (uint32_t)n };
	struct row rows[DM_PIECES_MAX];
	struct iovec v[DM_PIECES_MAX + 2] = { { &head, sizeof head }, { rows, n * sizeof *rows } };
	uint64_t offset = sizeof head + n * sizeof *rows;

	if (n > DM_PIECES_MAX) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct row){ pieces[i].what, pieces[i].index, offset, pieces[i].len };
		v[i + 2] = (struct iovec){ (void *)(uintptr_t)pieces[i].p, pieces[i].len };
		offset += pieces[i].len;
	}
	return dm_memfd_v(fd, "mtc-iwf-files", v, n + 2);
}

static struct head head_of(const struct dm_part *part)
{
	struct head head;

	memcpy(&head, part->map, sizeof head);
	return head;
}

static struct row row_of(const struct dm_part *part, size_t i)
{
	struct row row;

	memcpy(&row, part->map + sizeof(struct head) + i * sizeof row, sizeof row);
	return row;
}

static bool is_part(const struct dm_part *part)
{
	uint32_t n = head_of(part).rows;

	if (n > DM_PIECES_MAX || part->len < sizeof(struct head) + n * sizeof(struct row)) {
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct row row = row_of(part, i);

		if (row.offset > part->len || row.len > part->len - row.offset) {
			return false;
		}
	}
	return true;
}

int dm_part_again(int *fd, uint32_t generation, const struct dm_part *from)
{
	uint32_t n = head_of(from).rows; /* is_part() has bounded it */
	struct dm_piece pieces[DM_PIECES_MAX];

	for (uint32_t i = 0; i < n; i++) {
		struct row row = row_of(from, i);

		pieces[i] = (struct dm_piece){ row.what, row.index, from->map + row.offset, (size_t)row.len };
	}
	return dm_part_make(fd, generation, pieces, n);
}

int dm_part_open(struct dm_part *out, int fd)
{
	struct dm_part part = { .map = NULL };
	struct stat st;
	void *map;

	if (fd < 0 || fd_stat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct head)) {
		return ERR_PROTO;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		return ERR_IO;
	}
	part = (struct dm_part){ map, (size_t)st.st_size };
	if (!is_part(&part)) {
		dm_part_close(&part);
		return ERR_PROTO;
	}
	*out = part;
	return 0;
}

void dm_part_close(struct dm_part *part)
{
	if (part->map) {
		munmap((void *)(uintptr_t)part->map, part->len);
	}
	*part = (struct dm_part){ .map = NULL };
}

uint32_t dm_part_generation(const struct dm_part *part)
{
	return part->map ? head_of(part).generation : 0;
}

struct tls_pem dm_part_find(const struct dm_part *part, enum dm_file what, size_t index)
{
	uint32_t n = part && part->map ? head_of(part).rows : 0;

	for (uint32_t i = 0; i < n; i++) {
		struct row row = row_of(part, i);

		if (row.what == (uint32_t)what && row.index == index) {
			return (struct tls_pem){ part->map + row.offset, row.len };
		}
	}
	return (struct tls_pem){ .p = NULL };
}

struct dm_file_words dm_file_words(const struct cfg_iwf *cfg, uint32_t what, size_t index)
{
	switch (what) {
	case DM_LISTEN_CERTIFICATE:
		return (struct dm_file_words){ "listener", cfg->listen[index].name, cfg->listen[index].certificate };
	case DM_LISTEN_KEY:
		return (struct dm_file_words){ "listener", cfg->listen[index].name,
					       *cfg->listen[index].key_object ? cfg->listen[index].key_object
									      : cfg->listen[index].key };
	case DM_PIN:
		return (struct dm_file_words){ "token", cfg->keyholder.pkcs11.token, cfg->keyholder.pkcs11.pin_file };
	case DM_SMPP_PASSWORD:
		return (struct dm_file_words){ "peer", cfg->t4.peer, cfg->smssc.password_file };
	case DM_NDSIP_CERTIFICATE:
		return (struct dm_file_words){ "ndsip", cfg->ndsip.local_id, cfg->ndsip.certificate };
	case DM_PEER_CERTIFICATE:
		return (struct dm_file_words){ "peer", cfg->peers[index].name, cfg->peers[index].certificate };
	case DM_PEER_KEY:
		return (struct dm_file_words){ "peer", cfg->peers[index].name, cfg->peers[index].key };
	case DM_CRL:
		return (struct dm_file_words){ "crl", cfg->anchors[index / CFG_CRLS_MAX].name,
					       cfg->anchors[index / CFG_CRLS_MAX].crl[index % CFG_CRLS_MAX] };
	default:
		return (struct dm_file_words){ "anchor", cfg->anchors[index].name, cfg->anchors[index].file };
	}
}

struct anchors {
	struct tls_anchor_conf conf[CFG_ANCHORS_MAX];
	struct tls_crl_file crls[CFG_ANCHORS_MAX][CFG_CRLS_MAX];
	size_t n;
};

/* What the files of CRLs say is in the part, or the anchor cannot be used. */
static void add_anchor(struct anchors *a, const struct dm_part *part, const struct cfg_iwf *cfg, size_t i, struct tls_ocsp *ocsp)
{
	struct tls_anchor_conf *conf = &a->conf[a->n];
	struct tls_crl_file *crls = a->crls[a->n];

	conf->pem = dm_part_find(part, DM_ANCHOR, i);
	if (!conf->pem.p) {
		return;
	}
	str_cut(conf->name, sizeof conf->name, cfg->anchors[i].name);
	conf->file = cfg->anchors[i].file;
	conf->ocsp = ocsp;
	conf->responder = *cfg->anchors[i].ocsp ? (uint32_t)i : TLS_OCSP_NOBODY;
	conf->ocsp_chain = cfg->anchors[i].ocsp_chain;
	conf->crl_table = dm_part_find(part, DM_CRL_TABLE, i);
	conf->crls = crls;
	conf->crls_n = cfg->anchors[i].crl_n;
	for (size_t j = 0; j < conf->crls_n; j++) {
		crls[j] = (struct tls_crl_file){ cfg->anchors[i].crl[j], dm_part_find(part, DM_CRL, i * CFG_CRLS_MAX + j) };
	}
	a->n++;
}

/* The anchors in the part that have this name; NULL: all of them. */
static void anchors_of(struct anchors *out, const struct dm_part *part, const struct cfg_iwf *cfg, const char *only,
		       struct tls_ocsp *ocsp)
{
	*out = (struct anchors){ .n = 0 };
	for (size_t i = 0; i < cfg->anchors_n; i++) {
		if (!only || cfg_anchor_index(cfg, only) == i) {
			add_anchor(out, part, cfg, i, ocsp);
		}
	}
}

int dm_part_tls(struct tls_ctx **out, const struct dm_part *part, const struct cfg_iwf *cfg, enum dm_file certificate,
		size_t index, enum tls_own own, const struct dm_signs *signs, char *why, size_t why_size)
{
	bool server = certificate == DM_LISTEN_CERTIFICATE;
	enum dm_file key_what = server ? DM_LISTEN_KEY : DM_PEER_KEY;
	struct anchors anchors;
	struct tls_key key = { dm_file_words(cfg, key_what, index).path, dm_part_find(signs->keys, key_what, index) };
	bool remote = server && signs->remote;
	struct tls_remote_key remote_key = { signs->remote, (uint16_t)index, dm_part_generation(part), key.path };
	struct tls_conf conf = { .server = server, .own = own, .tls12_allowed = true, .anchors = anchors.conf };

	conf.certificate = dm_file_words(cfg, certificate, index).path;
	if (cfg_sound(cfg->lines, "identity")) { /* else that is reported already */
		conf.own_name = server ? cfg->external.host : cfg->internal.host;
	}
	conf.certificate_pem = dm_part_find(part, certificate, index);
	if (!conf.certificate_pem.p || (!remote && !key.pem.p)) {
		snprintf(why, why_size, "certificate '%s' or key '%s' is missing", conf.certificate, key.path);
		return ERR_NOTFOUND;
	}
	anchors_of(&anchors, part, cfg, server ? NULL : cfg->peers[index].trust, signs->ocsp);
	if (server && *cfg->listen[index].ocsp) {
		conf.staple = true;
		conf.ocsp = signs->ocsp;
		conf.responder = (uint32_t)(CFG_ANCHORS_MAX + index);
	}
	conf.anchors_n = anchors.n;
	if (!conf.anchors_n && cfg->anchors_n) {
		snprintf(why, why_size, "certificate '%s': the trust anchors it goes with are missing", conf.certificate);
		return ERR_NOTFOUND;
	}
	conf.key = remote ? tls_keyholder_remote(&remote_key) : tls_keyholder_pem(&key);
	return tls_ctx_new(out, &conf, why, why_size);
}

int dm_part_judge(struct tls_judge **out, const struct dm_part *part, const struct cfg_iwf *cfg, char *why, size_t why_size)
{
	struct anchors anchors;

	anchors_of(&anchors, part, cfg, NULL, NULL);
	return tls_judge_new(out, anchors.conf, anchors.n, why, why_size);
}
