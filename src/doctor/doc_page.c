/* doc_page.c - the text, and one table for each kind of thing that is looked at. */
#include "doctor/doc_page.h"

#include <string.h>

#include "doctor/doc_cause.h"

static const char head[] =
    "# The doctor\n"
    "\n"
    "<!-- written by `ninja -C build manuals` from src/doctor/doc_cause.h -->\n"
    "\n"
    "`mtcctl doctor` says in one sentence what is wrong, and in the next one what to do. "
    "When nothing is wrong it says what it looked at. The line `see` names a page and "
    "its section; the packages have the pages of docs/user in /usr/share/doc/mtc-iwf.\n"
    "\n"
    "```\n"
    "mtcctl doctor                   the gateway as a whole\n"
    "mtcctl doctor acme              an SCS (a server of an application provider), by its name or its Diameter host\n"
    "mtcctl doctor hss               a peer of the operator's own network, by its name in the configuration\n"
    "mtcctl doctor new/acme.pem      a file: certificates, a private key, a revocation list (CRL)\n"
    "```\n"
    "\n"
    "It disturbs nothing that runs. Of a peer that is connected or was stopped, it reads the state only. "
    "To a peer that the gateway cannot connect to, it opens a connection (TCP, then TLS) and closes it "
    "again without a Diameter message; in TLS 1.3 the other side refuses a certificate only after the "
    "handshake, so it waits half a second for that. To a peer over SCTP it makes an association, and ends it.\n"
    "\n"
    "Addresses in the configuration are numeric, and the gateway resolves no name. The doctor does: of a peer "
    "without a connection it compares the address with those that DNS has for its Diameter host (A and AAAA; the "
    "gateway uses no NAPTR and no SRV records, so they are not looked at), and tries them when nobody answers at the "
    "configured one; of an OCSP responder, and of the receiver of checkpoints, with those of the host in its URL.\n"
    "\n"
    "A name is looked up among the peers, then among the SCSs; a word with a `/` in it, or the name of a file that exists "
    "and is no peer or SCS, is a file. A file needs no running gateway. It is judged by the trust anchors and revocation "
    "lists of the configuration (`-c FILE`, else /etc/mtc-iwf/mtc-iwfd.yaml), with the code that judges a handshake. "
    "Run it as root, or as a user who may read the configuration and the decision log: what cannot be read is a note.\n"
    "\n"
    "What an SCS was answered is read from the last 4 MB of the decision log. A connection that fails in its TLS "
    "handshake is in no decision: it is in the log of mtc-iwfd, and `mtcctl doctor FILE` says what the handshake says.\n"
    "\n"
    "Exit codes: 0 nothing is wrong (there may be notes), 1 something "
    "is wrong, 2 invalid usage, 4 the gateway does not answer.\n"
    "\n"
    "With `--json` each finding is a line: `level` (`right`, `note`, `wrong`), `cause` (a word of "
    "the tables below), `about`, `text`, and where something is to be done, `advice` and `page`. "
    "The last line has `done`, `ok`, and the numbers of findings `right`, `notes` and `wrong`.\n";

/* The sentence as in the table; "NAME" stands for a fact. */
static void cell(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (*text == '{' || *text == '}') {
			fputc('*', f);
		} else if (*text == '|' || *text == '*') {
			fprintf(f, "\\%c", *text);
		} else {
			fputc(*text, f);
		}
	}
}

static void row(FILE *f, const struct doc_row *r)
{
	fprintf(f, "| `%s` | %s | ", r->word, doc_level_word(r->level));
	cell(f, r->sentence);
	fputs(" | ", f);
	cell(f, r->advice);
	fputs(" | ", f);
	if (*r->page) {
		fprintf(f, "[%.*s](%s)", (int)strcspn(r->page, "."), r->page, r->page);
	}
	fputs(" |\n", f);
}

#define ROW_OF(name_, level_, word_, sentence_, advice_, page_) row(f, &doc_rows[DOC_##name_]);
#define HEADING(text_) fputs("\n## " text_ "\n\n| cause | level | what it says | what to do | more |\n|---|---|---|---|---|\n", f)

static void gateway(FILE *f)
{
	HEADING("The gateway");
	DOC_GATEWAY_CAUSES(ROW_OF)
}

static void scs(FILE *f)
{
	HEADING("An SCS");
	DOC_SCS_CAUSES(ROW_OF)
}

static void peer(FILE *f)
{
	HEADING("A peer");
	DOC_PEER_CAUSES(ROW_OF)
}

static void file(FILE *f)
{
	HEADING("A file");
	DOC_FILE_CAUSES(ROW_OF)
}

void doc_page(FILE *f)
{
	fputs(head, f);
	gateway(f);
	scs(f);
	peer(f);
	file(f);
}
