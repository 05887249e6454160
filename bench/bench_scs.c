/* bench_scs.c - one SCS of the load. */
#include "bench/bench_scs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "apps/tsp_dar.h"
#include "apps/tsp_dnr.h"
#include "base/clock.h"
#include "base/str.h"

#define SESSION_MARK "0000000000;0000000000"
#define REFERENCE_MARK 0x5a3c69f1u /* octets 5a 3c 69 f1 */
#define VALIDITY_S 3600u
#define PORT 16001u
#define ANSWER_MAX 1024

static int refuse(const char *words, const char *why)
{
	fprintf(stderr, "bench_load: SCS '%s': %s\n", words, why);
	return ERR_INVAL;
}

static int read_words(struct bench_scs *s, const char *words)
{
	char **parts[] = { &s->host, &s->realm, &s->e164, &s->certificate, &s->key };
	size_t n = 0;
	char *save = NULL;

	s->text = strdup(words);
	if (!s->text) {
		return ERR_NOMEM;
	}
	for (char *word = strtok_r(s->text, ",", &save); word && n < 5; word = strtok_r(NULL, ",", &save)) {
		*parts[n++] = word;
	}
	return n == 3 || n == 5 ? 0 : refuse(words, "expected HOST,REALM,E164 or HOST,REALM,E164,CERTIFICATE,KEY");
}

static int make_tls(struct bench_scs *s, const struct bench_gateway *g)
{
	struct tls_anchor_conf anchor = { .name = "ca", .file = g->ca };
	struct tls_conf conf = { .certificate = s->certificate, .anchors = &anchor, .anchors_n = 1, .tls12_allowed = true };
	char why[512] = "";
	int err;

	if (!s->certificate) {
		return 0;
	}
	if (!g->ca) {
		return refuse(s->host, "a certificate wants --ca FILE, too");
	}
	conf.key = tls_keyholder_file(s->key);
	err = tls_ctx_new(&s->tls, &conf, why, sizeof why);
	return err ? refuse(s->host, why) : 0;
}

static void head_of(struct app_head *head, const struct bench_scs *s, const struct bench_gateway *g, const char *session)
{
	head->request = true;
	head->session_id = dia_text(session);
	head->auth_application_id = dia_u32_of(APP_TSP);
	head->auth_session_state = dia_u32_of(APP_NO_STATE_MAINTAINED);
	head->origin_host = dia_text(s->host);
	head->origin_realm = dia_text(s->realm);
	head->destination_host = dia_text(g->host);
	head->destination_realm = dia_text(g->realm);
}

static int encode_dar(struct bench_scs *s, const struct bench_gateway *g, const struct bench_devices *d, uint32_t payload_len)
{
	char session[LINK_SESSION_ID_MAX], device[300], mark[24];
	const char *braces = strstr(d->pattern, "{}");
	struct buf out = buf_over(s->dar.octets, sizeof s->dar.octets);
	uint8_t e164[STR_TBCD_MAX], payload[BENCH_FORM_MAX];
	struct tsp_dar dar = { .has_action = true };
	size_t e164_len;

	if (!braces || d->digits >= sizeof mark || payload_len > sizeof payload) {
		return refuse(s->host,
			      "expected a device such as meter-{}@a.example, and a payload that fits into one small message");
	}
	if (str_tbcd(e164, &e164_len, s->e164)) {
		return refuse(s->host, "its E.164 number is none");
	}
	memset(mark, '#', d->digits);
	mark[d->digits] = '\0';
	snprintf(session, sizeof session, "%s;" SESSION_MARK, s->host);
	snprintf(device, sizeof device, "%.*s%s%s", (int)(braces - d->pattern), d->pattern, mark, braces + 2);
	memset(payload, 'x', payload_len);
	head_of(&dar.head, s, g, session);
	dar.action.external_identifier = dia_text(device);
	dar.action.scs_identity = (struct dia_bytes){ e164, (uint32_t)e164_len };
	dar.action.reference_number = dia_u32_of(REFERENCE_MARK);
	dar.action.action_type = dia_u32_of(TSP_ACTION_TRIGGER);
	dar.action.validity_time_s = dia_u32_of(VALIDITY_S);
	dar.action.trigger_data = (struct tsp_trigger_data){ .present = true,
							     .payload = { payload, payload_len },
							     .priority_indication = dia_u32_of(TSP_NON_PRIORITY),
							     .application_port = dia_u32_of(PORT) };
	tsp_dar_build(&out, &dar, 0, 0);
	s->dar.len = out.len;
	if (out.full) {
		return refuse(s->host, "its request does not fit");
	}
	s->digits = d->digits;
	s->session_at = bench_form_place(&s->dar, SESSION_MARK, sizeof SESSION_MARK - 1);
	s->device_at = bench_form_place(&s->dar, mark, d->digits);
	s->reference_at = bench_form_place(&s->dar, (const uint8_t[]){ 0x5a, 0x3c, 0x69, 0xf1 }, 4);
	return 0;
}

static int encode_dna(struct bench_scs *s)
{
	uint8_t room[ANSWER_MAX];
	struct buf out = buf_over(room, sizeof room);
	struct tsp_dnr dnr = {
		.head = { .request = true, .session_id = dia_text("mark"), .auth_application_id = dia_u32_of(APP_TSP) }
	};
	struct tsp_dna dna = { 0 };

	app_answer_head(&dna.head, &dnr.head, s->host, s->realm);
	dna.head.result_code = dia_u32_of(DIA_RESULT_SUCCESS);
	tsp_dna_build(&out, &dna, 0, 0);
	return out.full || !bench_form_of_answer(&s->dna, room, out.len) ? refuse(s->host, "its DNA does not fit") : 0;
}

int bench_scs_init(struct bench_scs *s, const char *words, const struct bench_gateway *g, const struct bench_devices *d,
		   uint32_t payload_len, uint32_t pending_max, const struct log *log)
{
	uint32_t random[2];
	int err;

	*s = (struct bench_scs){ 0 };
	err = read_words(s, words);
	if (!err) {
		err = make_tls(s, g);
	}
	if (!err) {
		err = encode_dar(s, g, d, payload_len);
	}
	if (!err) {
		err = encode_dna(s);
	}
	if (!err && getrandom(random, sizeof random, 0) != sizeof random) {
		err = ERR_IO;
	}
	if (err) {
		return err;
	}
	link_ids_init(&s->ids, s->host, clock_real_ms(), random[0]);
	s->ids.end_to_end_next = random[1]; /* several runs a second are one Origin-Host */
	s->conf = (struct link_conf){ .host = s->host,
				      .realm = s->realm,
				      .product = "bench_load",
				      .vendor_id = DIA_VENDOR_3GPP,
				      .origin_state_id = (uint32_t)(clock_real_ms() / 1000),
				      .applications = { APP_TSP },
				      .applications_n = 1,
				      .limits = DIA_LIMITS_OUTSIDE,
				      .reopen_ms = 50,
				      .pending_max = pending_max,
				      .log = log };
	s->peer =
	    (struct link_peer_conf){ .host = g->host, .realm = g->realm, .address = g->address, .port = g->port, .tls = s->tls };
	return 0;
}

void bench_scs_fini(struct bench_scs *s)
{
	if (s->tls) {
		tls_ctx_free(s->tls);
	}
	free(s->text);
}

const struct bench_form *bench_scs_request(struct bench_scs *s, uint64_t device, uint32_t reference)
{
	uint64_t session = s->ids.session_next++;

	bench_put_digits(s->dar.octets + s->session_at, 10, session >> 32);
	bench_put_digits(s->dar.octets + s->session_at + 11, 10, session & 0xffffffffu);
	bench_put_digits(s->dar.octets + s->device_at, s->digits, device);
	bench_put_be32(s->dar.octets + s->reference_at, reference);
	bench_put_be32(s->dar.octets + 16, link_ids_end_to_end(&s->ids));
	return &s->dar;
}
