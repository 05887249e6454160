/* aud_seal.c - the end of an interval: its seal, the tiles at the right edge, the checkpoint of the
 * keyholder. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit/aud_store_int.h"
#include "base/clock.h"
#include "base/ed25519.h"
#include "base/text.h"
#include "base/wake.h"

_Static_assert(ED25519_KEY == MRK_KEY && ED25519_SIGNATURE == MRK_SIGNATURE, "one kind of key");

static int append_line(struct aud_store *s, const char *line, size_t len)
{
	struct aud_place at = aud_next_place(s);
	char record[AUD_RECORD_MAX + 1];
	size_t n = aud_record_put(record, &at, line, len);

	record[n++] = '\n';
	return aud_append(s, record, n, 1);
}

static int sync_records(struct aud_store *s, const void *p, size_t n)
{
	(void)p;
	(void)n;
	return fdatasync(s->file) < 0 ? ERR_IO : 0;
}

static int write_edge(struct aud_store *s, const void *p, size_t n)
{
	int err = aud_tiles_edge(&s->tiles);

	(void)p;
	(void)n;
	errno = err ? s->tiles.error : errno;
	return err;
}

int aud_begin_interval(struct aud_store *s)
{
	uint8_t public_key[MRK_KEY];
	char line[AUD_LINE_MAX];
	int err;

	s->interval++;
	s->interval_first = s->edge.size;
	err = ed25519_make(s->seed, public_key);
	if (err) {
		return err;
	}
	s->has_seed = true;
	pthread_mutex_lock(&s->lock); /* the owner looks at the view while a full disk is tried again */
	s->view.interval = s->interval;
	pthread_mutex_unlock(&s->lock);
	err = append_line(s, line, aud_line_start(line, clock_real_ms(), &s->opening, s->origin, public_key));
	if (!err) {
		err = aud_insist(s, sync_records, NULL, 0);
	}
	s->checkpoint_due = true;
	return err;
}

/* The record of the seal. The private key signs once and is erased; the memory of the library and
 * pages that were swapped out are beyond our reach. */
static int put_seal(struct aud_store *s, const uint8_t *next)
{
	char record[AUD_RECORD_MAX + 1], text[AUD_SEAL_TEXT_MAX];
	struct aud_place at = aud_next_place(s);
	uint8_t signature[MRK_SIGNATURE];
	struct mrk_hash digest;
	int err = mrk_root(&s->edge, s->hash, &digest);
	size_t n;

	if (err) {
		return err;
	}
	n = aud_seal_begin(record, &at, clock_real_ms(), s->interval_first, &digest, next);
	err = ed25519_sign(signature, s->seed, text, aud_seal_text(text, s->origin, record, n));
	if (err) {
		return err;
	}
	ed25519_wipe(s->seed);
	s->has_seed = false;
	n = aud_seal_end(record, n, signature);
	record[n++] = '\n';
	return aud_append(s, record, n, 1);
}

int aud_seal(struct aud_store *s, bool last)
{
	uint8_t seed[MRK_KEY] = { 0 }, next[MRK_KEY];
	int err = last ? 0 : ed25519_make(seed, next);

	if (!s->has_seed) { /* the last seal could not be written to its end */
		return ERR_STATE;
	}
	if (!err) {
		err = put_seal(s, last ? NULL : next);
	}
	if (!err) {
		err = aud_insist(s, sync_records, NULL, 0);
	}
	if (!err && !last) {
		memcpy(s->seed, seed, sizeof s->seed);
		s->has_seed = true;
		s->interval++;
		s->interval_first = s->edge.size;
	}
	ed25519_wipe(seed);
	pthread_mutex_lock(&s->lock);
	if (!err) {
		s->view.sealed = s->edge.size;
		s->view.interval = s->interval;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* -- checkpoints */

static void closed(struct aud_store *s)
{
	close(s->channel);
	s->channel = -1;
}

/* The answer that is owed, if it comes within that time. ERR_CLOSED: there is no answer now, or the
 * channel had to be closed. */
static int hear(struct aud_store *s, struct mrk_answer *answer, uint64_t wait_ms)
{
	uint8_t got[MRK_ANSWER_OCTETS + 1];
	struct pollfd p = { .fd = s->channel, .events = POLLIN };
	int ready = poll(&p, 1, (int)wait_ms);
	ssize_t n;

	if (ready == 0) {
		return ERR_CLOSED;
	}
	n = ready < 0 ? -1 : recv(s->channel, got, sizeof got, MSG_DONTWAIT);
	if (n <= 0 || mrk_answer_decode(answer, got, (size_t)n)) {
		closed(s);
		return ERR_CLOSED;
	}
	s->owed = false;
	return 0;
}

/* A keyholder may stand still for longer than we wait, and go on: then its channel is as good as
 * before. Until it has answered it is asked nothing else. What it signed late is of a log that has
 * grown since, and is left; what it refused late may not be lost, for the log has been judged.
 * ERR_CLOSED: the keyholder is gone, or has not answered, or not as it should. */
static int ask(struct aud_store *s, const struct mrk_ask *a, struct mrk_answer *answer)
{
	uint8_t octets[MRK_ASK_OCTETS];
	struct mrk_answer late = { .status = MRK_SIGNED };

	if (s->channel < 0 || (s->owed && hear(s, &late, 0))) {
		return ERR_CLOSED;
	}
	if (late.status != MRK_SIGNED) {
		*answer = late;
		return 0;
	}
	mrk_ask_encode(octets, a);
	if (send(s->channel, octets, sizeof octets, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof octets) {
		closed(s);
		return ERR_CLOSED;
	}
	s->owed = true;
	return hear(s, answer, s->answer_wait_ms);
}

/* One line of JSON, so that a log can carry it; the note is ASCII but for its dash. */
static size_t as_line(char *out, size_t cap, const char *note)
{
	struct text t = text_over(out, cap);
	char time[CLOCK_TEXT_MAX];

	clock_text(time, clock_real_ms());
	text_add(&t, "{\"time\":\"");
	text_add(&t, time);
	text_add(&t, "\",\"checkpoint\":\"");
	for (const char *p = note; *p; p++) {
		if (*p == '\n') {
			text_add(&t, "\\n");
		} else if ((unsigned char)*p == 0xe2) {
			text_add(&t, "\\u2014");
			p += 2;
		} else {
			text_char(&t, *p);
		}
	}
	text_add(&t, "\"}");
	return t.cut ? 0 : t.len;
}

static void publish(struct aud_store *s, const char *note)
{
	char lines[sizeof s->view.last + 2] = "\n", *line = lines + 1; /* a torn line is ended first */
	size_t n = as_line(line, sizeof s->view.last, note), skip = s->publish_torn ? 0 : 1;
	ssize_t k;

	pthread_mutex_lock(&s->lock);
	memcpy(s->view.last, line, n + 1);
	pthread_mutex_unlock(&s->lock);
	line[n++] = '\n';
	if (s->publish < 0) {
		return;
	}
	n += 1 - skip;
	k = write(s->publish, lines + skip, n);
	if (k > 0) {
		s->publish_torn = (size_t)k < n;
	}
	if (k != (ssize_t)n) {
		pthread_mutex_lock(&s->lock);
		s->view.checkpoints_failed++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* The signature is checked as that of a stranger: a note that nobody can verify must not replace
 * one that anybody can. */
static int keep(struct aud_store *s, const struct mrk_ask *a, const struct mrk_answer *answer)
{
	struct mrk_checkpoint c = { .size = a->size, .root = a->root };
	char note[MRK_NOTE_MAX];
	size_t n = mrk_checkpoint_body(note, s->origin, a->size, &a->root);

	if (!ed25519_good(s->key, note, n, answer->signature)) {
		return ERR_PROTO;
	}
	memcpy(c.origin, s->origin, sizeof c.origin);
	memcpy(c.key_id, s->key_id, sizeof c.key_id);
	memcpy(c.signature, answer->signature, sizeof c.signature);
	n = mrk_checkpoint_put(note, &c);
	if (aud_file_write(s->dir_fd, "checkpoint", note, n, true)) {
		return ERR_IO;
	}
	s->last = *a;
	aud_tiles_checkpoint(&s->tiles);
	publish(s, note);
	return 0;
}

static void tell(struct aud_store *s, int err, unsigned status, bool connected)
{
	bool changed;

	pthread_mutex_lock(&s->lock);
	changed = !err || s->view.connected != connected || s->view.refused != (int)status;
	s->view.connected = connected;
	s->view.refused = (int)status;
	if (err) {
		s->view.checkpoints_failed++;
	} else {
		s->view.checkpoints++;
		s->view.checkpoint = s->last.size;
	}
	pthread_mutex_unlock(&s->lock);
	if (changed) {
		wake_set(s->wake);
	}
}

void aud_checkpoint(struct aud_store *s)
{
	struct mrk_answer answer = { .status = MRK_SIGNED };
	struct mrk_ask a = { .size = s->edge.size };
	/* A checkpoint stands for records that are durable: one that covers what a power cut takes
	 * would stop the audit. Behind a seal nothing is left to sync. */
	int err = aud_insist(s, sync_records, NULL, 0);

	if (!err) {
		err = aud_insist(s, write_edge, NULL, 0);
	}
	if (!err) {
		err = mrk_root(&s->edge, s->hash, &a.root);
	}
	if (!err) {
		err = ask(s, &a, &answer);
	}
	if (!err && answer.status != MRK_SIGNED) {
		err = ERR_REFUSED;
	}
	if (!err) {
		err = keep(s, &a, &answer);
	}
	s->checkpoint_due = false; /* the next seal asks again */
	tell(s, err, answer.status, s->channel >= 0 && !s->owed);
	if (answer.status == MRK_SMALLER || answer.status == MRK_OTHER_ROOT || answer.status == MRK_FOREIGN) {
		aud_broken(s, "%s: no checkpoint any more: %s (the log has %llu records, the last checkpoint is of %llu)", s->dir,
			   mrk_status_words(answer.status), (unsigned long long)a.size, (unsigned long long)answer.last.size);
	}
}
