/* lab.h - one accepted link over a socket pair, a raw other end in the same program, and what the owner saw. */
#pragma once
#include "tests/unit/test.h"

#include "diameter/dia_base.h"
#include "diameter/dia_failed.h"
#include "link/link.h"
#include "net/net_tcp.h"

#define LAB_APP 16777309u
#define LAB_CMD 8388639u
#define LAB_MESSAGE_MAX 70000u

struct lab {
	struct net_loop *loop;
	struct link_conf conf;
	struct link_counters counters;
	struct link_cb cb;
	struct link *link;
	int fd; /* the raw other end */

	int cers, opens, requests, downs;
	bool hold; /* on_cer leaves the verdict to the test */
	bool free_on_cer, free_on_open, free_on_request, free_on_down;
	bool echo;         /* on_request answers at once */
	uint32_t probe_ms; /* on_request probes with this wait, once */
	int down_err;
	char down_why[400];
	char cer_host[256];
	struct dia_hdr request; /* header of the last one */
	int answers, answer_err, last_answer_err;

	uint8_t in[2 * LAB_MESSAGE_MAX]; /* what the raw end has read and not looked at */
	size_t in_len;
	bool eof, reset;
};

/* A lab with short waits; change conf and cb before lab_open(). */
void lab_init(struct lab *t);
void lab_open(struct lab *t);
void lab_fini(struct lab *t);

/* Runs the loop until `*flag` is at least `n`, at most two seconds; fails otherwise. */
void lab_until(struct lab *t, const int *flag, int n);
void lab_run_ms(struct lab *t, uint64_t ms);

void lab_send(struct lab *t, const void *p, size_t n);
/* The next message that comes out, in `octets`. False: the connection ended instead. */
bool lab_recv(struct lab *t, uint8_t octets[LAB_MESSAGE_MAX], struct dia_msg *m);
/* Expects the connection to end, with nothing more than what is skipped before it. */
void lab_expect_end(struct lab *t, bool reset);

size_t lab_cer(uint8_t *out, size_t cap, const char *host, uint32_t application);
size_t lab_dwr(uint8_t *out, size_t cap, const char *host, uint32_t hop_by_hop);
size_t lab_dpr(uint8_t *out, size_t cap, uint32_t cause, uint32_t hop_by_hop);
/* Adds an AVP to the message of `n` octets at `m`. Returns the new length. */
size_t lab_add(uint8_t *m, size_t n, uint32_t code, uint8_t flags, const void *data, size_t data_len);
/* Gives the AVP with this code another one and clears its M bit. */
void lab_rename(uint8_t *m, size_t n, uint32_t code, uint32_t other);
/* A header and one AVP of `data_len` octets. */
size_t lab_message(uint8_t *out, size_t cap, uint8_t flags, uint32_t code, uint32_t application, uint32_t hop_by_hop,
		   size_t data_len);

/* CER, CEA, on_open. */
void lab_exchange(struct lab *t);
/* Receives one error answer and checks it. */
/* A CEA that meets its grammar (RFC 6733 5.3.2), without the E bit. */
void lab_expect_whole_cea(const struct dia_msg *m);
void lab_expect_error(struct lab *t, uint32_t hop_by_hop, uint32_t code, uint32_t result_code, bool e_bit);
uint32_t lab_result_code(const struct dia_msg *m);
