/* dm_audit.c - see dm_audit.h. */
#include "daemon/dm_audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/ed25519.h"
#include "base/file.h"
#include "base/str.h"
#include "base/tail.h"
#include "daemon/dm_parent_int.h"
#include "keyholder/kh_client.h"
#include "merkle/mrk_note.h"

#define PUB_PATH_MAX (CFG_PATH_MAX + 8)

/* -- the key */

static int write_new(const char *path, unsigned mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	size_t n = strlen(text);
	int err = 0;

	if (fd < 0) {
		return ERR_IO;
	}
	if (fchmod(fd, mode) < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0) {
		err = ERR_IO;
	}
	close(fd);
	return err;
}

static int make_key(uint8_t seed[MRK_KEY], uint8_t public_key[MRK_KEY], const char *path)
{
	char pem[ED25519_PEM_MAX];
	int err = ed25519_make(seed, public_key);

	if (!err) {
		err = ed25519_pem_put(pem, seed);
	}
	if (!err) {
		err = write_new(path, 0600, pem);
	}
	explicit_bzero(pem, sizeof pem);
	return err;
}

static int read_key(uint8_t seed[MRK_KEY], const char *path, char why[FILE_WHY_MAX])
{
	struct file_copy f;
	int err = file_read(&f, path, 65536, why);

	if (err) {
		return err;
	}
	err = ed25519_pem_get(seed, f.p, f.len);
	if (err) {
		snprintf(why, FILE_WHY_MAX, "no unencrypted Ed25519 private key in PEM");
	} else if (f.mode & 077) {
		snprintf(why, FILE_WHY_MAX, "others than its owner may use it: mode %04o; run chmod 600", f.mode);
		err = ERR_INVAL;
	}
	file_copy_fini(&f);
	return err;
}

/* The public half beside the key, for those who verify. A file that is there stays. */
static void write_public(struct dm_parent *p)
{
	char path[PUB_PATH_MAX], text[MRK_VKEY_MAX + 2];
	uint8_t id[MRK_KEY_ID];
	struct hash *h;
	size_t n;

	if (hash_new(&h)) {
		return;
	}
	if (mrk_key_id(h, p->cfg->audit.origin, p->audit.public_key, id) == 0) {
		n = mrk_vkey_put(text, p->cfg->audit.origin, id, p->audit.public_key);
		memcpy(text + n, "\n", 2);
		snprintf(path, sizeof path, "%s.pub", p->cfg->audit.key);
		if (write_new(path, 0644, text) && errno != EEXIST) {
			log_warn(&p->log, "daemon", "audit: the public key cannot be written to %s: %s", path, strerror(errno));
		}
	}
	hash_free(h);
}

static int open_key(struct dm_parent *p, uint8_t seed[MRK_KEY])
{
	const char *path = p->cfg->audit.key;
	char why[FILE_WHY_MAX] = "";
	int err;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		err = make_key(seed, p->audit.public_key, path);
		if (err) {
			log_error(&p->log, "daemon", "audit.key %s cannot be made: %s", path, strerror(errno));
			return err;
		}
		log_info(&p->log, "daemon", "audit: made the key of its checkpoints, %s; keep a copy of %s.pub elsewhere", path,
			 path);
	} else {
		err = read_key(seed, path, why);
		if (!err) {
			err = ed25519_public(p->audit.public_key, seed);
		}
		if (err) {
			log_error(&p->log, "daemon", "audit.key %s: %s", path, *why ? why : err_str(err));
			return err;
		}
	}
	write_public(p);
	return 0;
}

static void read_note(struct dm_parent *p)
{
	char path[CFG_PATH_MAX + 32];
	struct file_copy f;
	char why[FILE_WHY_MAX];

	snprintf(path, sizeof path, "%s/audit/checkpoint", p->cfg->state_dir);
	if (access(path, F_OK) < 0 || file_read(&f, path, sizeof p->audit.note - 1, why)) {
		return; /* the core says what is wrong with its directory */
	}
	memcpy(p->audit.note, f.p, f.len);
	p->audit.note[f.len] = 0;
	file_copy_fini(&f);
}

/* -- the memory of the last checkpoint, beside the key */

#define LAST_HEAD "mtc-iwf audit last 1\n"
#define LAST_OCTETS 128u /* of the file: one write, and no shorter text leaves an end of a longer one */

static bool read_last(struct mrk_ask *out, const char *text, size_t n)
{
	char digits[24], root[BASE64_MAX(HASH_LEN)];
	const char *size = text + sizeof LAST_HEAD - 1, *end, *second;
	size_t len;

	if (n != LAST_OCTETS || memcmp(text, LAST_HEAD, sizeof LAST_HEAD - 1) != 0) {
		return false;
	}
	end = memchr(size, '\n', LAST_OCTETS - sizeof LAST_HEAD + 1);
	second = end ? memchr(end + 1, '\n', (size_t)(text + LAST_OCTETS - end - 1)) : NULL;
	return second && str_copy(digits, sizeof digits, size, (size_t)(end - size)) == 0 &&
	       str_parse_u64(&out->size, digits, 1, UINT64_MAX) == 0 &&
	       str_copy(root, sizeof root, end + 1, (size_t)(second - end - 1)) == 0 &&
	       base64_get(out->root.v, HASH_LEN, &len, root, strlen(root)) == 0 && len == HASH_LEN;
}

static void write_last(struct dm_parent *p)
{
	char text[LAST_OCTETS + 1], root[BASE64_MAX(HASH_LEN)];
	int n;

	if (p->audit.last_fd < 0) {
		return;
	}
	base64_put(root, p->audit.last.root.v, HASH_LEN);
	n = snprintf(text, sizeof text, LAST_HEAD "%" PRIu64 "\n%s\n", p->audit.last.size, root);
	memset(text + n, ' ', sizeof text - (size_t)n);
	text[LAST_OCTETS - 1] = '\n';
	errno = ENOSPC; /* of a write in part */
	if (pwrite(p->audit.last_fd, text, LAST_OCTETS, 0) == (ssize_t)LAST_OCTETS) {
		if (p->audit.last_failing) {
			log_info(&p->log, "daemon", "audit: %s.last can be written again", p->cfg->audit.key);
		}
		p->audit.last_failing = false;
	} else if (!p->audit.last_failing) { /* tried again at the next checkpoint */
		log_warn(&p->log, "daemon",
			 "audit: %s.last cannot be written: %s; until it can, a roll-back while mtc-iwfd does not run is found "
			 "only against a checkpoint that was kept elsewhere",
			 p->cfg->audit.key, strerror(errno));
		p->audit.last_failing = true;
	}
}

/* A file with any other content was cut by a power failure: the next checkpoint replaces it. */
static void open_last(struct dm_parent *p)
{
	char path[PUB_PATH_MAX], text[LAST_OCTETS + 1];
	struct mrk_ask last = { .size = 0 };
	ssize_t n;

	snprintf(path, sizeof path, "%s.last", p->cfg->audit.key);
	p->audit.last_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	n = p->audit.last_fd < 0 ? -1 : pread(p->audit.last_fd, text, sizeof text, 0);
	if (n < 0) {
		log_warn(&p->log, "daemon",
			 "audit: %s: %s; a roll-back while mtc-iwfd does not run is found only against a "
			 "checkpoint that was kept elsewhere",
			 path, strerror(errno));
	} else if (n && !read_last(&last, text, (size_t)n)) {
		log_warn(&p->log, "daemon", "audit: %s does not name a checkpoint; the next checkpoint is written over it", path);
	} else {
		p->audit.last = last;
	}
}

int dm_audit_open(struct dm_parent *p)
{
	struct dm_audit_hand hand = { .note = "" };
	int err;

	p->audit.key_fd = p->audit.last_fd = -1;
	p->audit.on = p->cfg->audit.on;
	if (!p->audit.on) {
		return 0;
	}
	err = open_key(p, hand.key);
	if (!err) {
		read_note(p);
		open_last(p);
		err = dm_memfd(&p->audit.key_fd, "mtc-iwf-audit-key", hand.key, sizeof hand.key);
	}
	ed25519_wipe(hand.key);
	return err;
}

void dm_audit_close(struct dm_parent *p)
{
	if (p->audit.on && p->audit.key_fd >= 0) {
		close(p->audit.key_fd);
	}
	if (p->audit.on && p->audit.last_fd >= 0) {
		close(p->audit.last_fd);
	}
}

/* -- children */

static int hand(struct dm_child *c, const struct dm_audit_hand *h)
{
	struct dm_msg m = { .kind = DM_AUDIT_KEY };
	int fd, err = dm_memfd(&fd, "mtc-iwf-audit", h, sizeof *h);

	if (!err) {
		err = dm_send(c->sock, &m, &fd, 1);
		close(fd);
	}
	return err;
}

int dm_audit_hand_over(struct dm_child *c)
{
	struct dm_parent *p = c->parent;
	struct dm_audit_hand h = { .last = p->audit.last };
	int err = 0;

	if (!p->audit.on) {
		return 0;
	}
	if (c->role == DM_CORE) {
		memcpy(h.key, p->audit.public_key, MRK_KEY);
		err = hand(c, &h);
		return err ? err : dm_audit_publish(p);
	}
	if (c->role == DM_HOLDER && c->slot == KH_FILES) {
		memcpy(h.note, p->audit.note, sizeof h.note);
		if (pread(p->audit.key_fd, h.key, MRK_KEY, 0) != MRK_KEY) {
			return ERR_IO;
		}
		err = hand(c, &h);
		ed25519_wipe(h.key);
	}
	return err;
}

static struct dm_child *holder_of(struct dm_parent *p)
{
	for (uint32_t i = 0; i < p->holders_n; i++) {
		if (p->holders[i].slot == KH_FILES) {
			return &p->holders[i];
		}
	}
	return NULL;
}

void dm_audit_join(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_AUDIT };
	struct dm_child *holder = holder_of(p);
	int pair[2], err;

	if (!p->audit.on || !holder || !holder->pid || !p->core.pid) {
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		log_error(&p->log, "daemon", "audit: no channel to the keyholder: %s", strerror(errno));
		return;
	}
	err = dm_send(holder->sock, &m, &pair[0], 1);
	if (!err) {
		err = dm_send(p->core.sock, &m, &pair[1], 1);
	}
	if (err) {
		log_error(&p->log, "daemon", "audit: no channel to the keyholder: %s", err_str(err));
	}
	close(pair[0]);
	close(pair[1]);
}

int dm_audit_publish(struct dm_parent *p)
{
	struct dm_msg m = { .kind = DM_AUDIT_PUBLISH };
	const char *path = p->cfg->audit.publish_file;
	int fd, err;

	if (!p->audit.on || !*path || !p->core.pid) {
		return 0;
	}
	fd = tail_open(path, 0644);
	if (fd < 0) {
		log_error(&p->log, "daemon", "audit.publish_file %s: %s%s; checkpoints are not published", path, strerror(errno),
			  dm_at_start_only(p, errno));
		return 0;
	}
	err = dm_send(p->core.sock, &m, &fd, 1);
	close(fd);
	return err;
}

/* Size and root come in five messages of the fixed size; only a whole set counts, and only one that
 * grows: a keyholder that is in other hands cannot make us forget. */
bool dm_audit_signed(struct dm_child *c, const struct dm_msg *m)
{
	struct dm_audit *a = &c->parent->audit;

	if (c->role != DM_HOLDER || !a->on || m->index != (m->index ? a->coming_n : 0) || m->index > HASH_LEN / 8) {
		return false;
	}
	if (m->index == 0) {
		a->coming.size = m->value;
	} else {
		memcpy(a->coming.root.v + 8 * (m->index - 1), &m->value, 8);
	}
	a->coming_n = m->index + 1;
	if (m->index == HASH_LEN / 8) {
		a->coming_n = 0;
		if (a->coming.size < a->last.size) {
			return false;
		}
		a->last = a->coming;
		write_last(c->parent);
	}
	return true;
}

void dm_audit_check(const struct cfg_iwf *c, struct report *report)
{
	unsigned line = cfg_line(c->lines, "audit.key");
	char why[FILE_WHY_MAX] = "", dir[CFG_PATH_MAX];
	uint8_t seed[MRK_KEY];
	char *slash;

	if (!cfg_sound(c->lines, "audit") || !c->audit.on) {
		return;
	}
	if (access(c->audit.key, F_OK) == 0) {
		if (read_key(seed, c->audit.key, why)) {
			cfg_error(report, c->lines, line, "audit.key %s: %s", c->audit.key, why);
		}
		ed25519_wipe(seed);
		return;
	}
	memcpy(dir, c->audit.key, sizeof dir);
	slash = strrchr(dir, '/');
	if (slash) {
		slash[slash == dir] = 0;
	}
	if (access(slash ? dir : ".", W_OK | X_OK) < 0) {
		cfg_error(report, c->lines, line, "audit.key %s is missing and cannot be made: %s", c->audit.key,
			  strerror(errno));
	}
}
