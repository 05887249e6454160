/* cli_replay_file.c - see cli_replay.h. */
#include "cli/cli_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/tsp_dar.h"
#include "trace/trc_read.h"

#define BACK_MAX 4096u /* an answer is looked for among so many requests before it */

static int say(char why[REPLAY_WHY_MAX], int err, const char *path, const char *words)
{
	snprintf(why, REPLAY_WHY_MAX, "%.200s: %.250s", path, words);
	return err;
}

static int room(struct replay_file *f)
{
	size_t cap = f->cap ? 2 * f->cap : 256;
	struct replay_request *list;

	if (f->n < f->cap) {
		return 0;
	}
	list = realloc(f->list, cap * sizeof *list);
	if (!list) {
		return ERR_NOMEM;
	}
	f->list = list;
	f->cap = cap;
	return 0;
}

static int keep(struct replay_file *f, const struct trc_message *m, const struct dia_hdr *h)
{
	struct replay_request r = {
		.time_us = m->time_us, .len = m->len, .hop_by_hop = h->hop_by_hop, .end_to_end = h->end_to_end
	};

	if (f->n == REPLAY_REQUESTS_MAX || f->octets + m->len > REPLAY_OCTETS_MAX) {
		f->more = true;
		return 0;
	}
	r.message = room(f) ? NULL : malloc(m->len);
	if (!r.message) {
		return ERR_NOMEM;
	}
	memcpy(r.message, m->p, m->len);
	f->octets += m->len;
	f->list[f->n++] = r;
	return 0;
}

static void take_answer(struct replay_request *r, const struct dia_msg *m)
{
	struct dia_failed failed;
	struct tsp_daa daa;
	struct dia_avp avp;

	r->answered = true;
	if (dia_msg_find(m, DIA_CODE_RESULT_CODE, 0, &avp) && avp.data_len == 4) {
		r->result_code = be32_get(avp.data);
	}
	if (tsp_daa_parse(&daa, m, &failed) == 0 && daa.notification.request_status.present) {
		r->has_status = true;
		r->status = daa.notification.request_status.v;
	}
}

static void answer(struct replay_file *f, const struct dia_msg *m)
{
	for (size_t i = 0; i < f->n && i < BACK_MAX; i++) {
		struct replay_request *r = &f->list[f->n - 1 - i];

		if (!r->answered && r->hop_by_hop == m->hdr.hop_by_hop && r->end_to_end == m->hdr.end_to_end) {
			take_answer(r, m);
			return;
		}
	}
}

static int take(struct replay_file *f, const struct trc_message *t)
{
	const struct dia_limits limits = DIA_LIMITS_OUTSIDE;
	struct dia_failed failed;
	struct dia_msg m;

	f->messages++;
	if (dia_msg_parse(&m, t->p, t->len, &limits, &failed) || m.hdr.app_id != APP_TSP || m.hdr.code != APP_CMD_DEVICE_ACTION) {
		return 0;
	}
	if (m.hdr.flags & DIA_FLAG_R) {
		return keep(f, t, &m.hdr);
	}
	answer(f, &m);
	return 0;
}

/* One block after the other. */
static int read_all(struct replay_file *f, struct trc_read *r, FILE *in, uint8_t **room_of)
{
	uint8_t head[TRC_READ_HEAD], *block;
	struct trc_message m;
	size_t n, size;
	int err;

	while ((n = fread(head, 1, sizeof head, in)) == sizeof head) {
		err = trc_read_size(r, head, &size);
		if (err) {
			return err;
		}
		block = realloc(*room_of, size);
		if (!block) {
			return ERR_NOMEM;
		}
		*room_of = block;
		memcpy(block, head, sizeof head);
		if (fread(block + sizeof head, 1, size - sizeof head, in) != size - sizeof head) {
			return ferror(in) ? ERR_IO : ERR_LIMIT;
		}
		err = trc_read_block(r, block, size, &m);
		if (err) {
			return err;
		}
		if (r->redacted) {
			return ERR_AUTH;
		}
		err = m.p ? take(f, &m) : 0;
		if (err) {
			return err;
		}
	}
	return ferror(in) ? ERR_IO : n ? ERR_LIMIT : r->begun ? 0 : ERR_INVAL;
}

static const char *words_of(int err, const struct trc_read *r)
{
	switch (err) {
	case ERR_PROTO:
		return r->why;
	case ERR_LIMIT:
		return "it ends in the middle of a block";
	case ERR_INVAL:
		return "it is empty";
	case ERR_AUTH:
		return "this trace is redacted: in place of its devices it has digests, which no "
		       "rule names. Replay needs one made with 'mtcctl trace start --unredacted'";
	case ERR_NOMEM:
		return "out of memory";
	default:
		return strerror(errno);
	}
}

/* NULL with words. A pipe under that name would be waited for without an end if nobody writes to
 * it. */
static FILE *open_file(const char *path, char why[REPLAY_WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool opened = fd >= 0;
	struct stat st;
	FILE *in = NULL;

	if (opened && !fstat(fd, &st) && !S_ISREG(st.st_mode)) {
		(void)say(why, ERR_IO, path, "not a regular file; to read a pipe, give it as standard input: mtcctl replay -");
	} else {
		in = opened ? fdopen(fd, "r") : NULL;
		if (!in) {
			(void)say(why, ERR_IO, path, strerror(errno));
		}
	}
	if (opened && !in) {
		close(fd);
	}
	return in;
}

int replay_file_read(struct replay_file *out, const char *path, char why[REPLAY_WHY_MAX])
{
	FILE *in = strcmp(path, "-") ? open_file(path, why) : stdin;
	uint8_t *block = NULL;
	struct trc_read r;
	int err;

	*out = (struct replay_file){ .n = 0 };
	if (!in) {
		return ERR_IO;
	}
	trc_read_init(&r);
	err = read_all(out, &r, in, &block);
	if (err) {
		(void)say(why, err, path, words_of(err, &r));
	}
	free(block);
	if (in != stdin) {
		fclose(in);
	}
	return err == ERR_NOMEM || err == ERR_IO ? err : err ? ERR_PROTO : 0;
}

void replay_file_free(struct replay_file *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].message);
	}
	free(f->list);
	*f = (struct replay_file){ .n = 0 };
}
