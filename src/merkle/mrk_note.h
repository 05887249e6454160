/* mrk_note.h - a checkpoint as C2SP tlog-checkpoint has it, in a signed note (C2SP signed-note):
 *
 *   ORIGIN
 *   SIZE in decimal
 *   ROOT in base64
 *   (an empty line)
 *   em dash, space, name of the key, space, base64 of (key id, 4 octets; Ed25519 signature)
 *
 * The name of the key is the origin. The key id is the first four octets of SHA-256(name, newline,
 * 0x01, public key); 0x01 is the type of Ed25519. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "merkle/mrk_tree.h"

#define MRK_ORIGIN_MAX 256u /* with NUL */
#define MRK_NOTE_MAX 4096u  /* octets of a note that is read; ours have some 250 */
#define MRK_KEY 32u
#define MRK_KEY_ID 4u
#define MRK_SIGNATURE 64u
#define MRK_VKEY_MAX (MRK_ORIGIN_MAX + 64u) /* text of a public key, with NUL */

struct mrk_checkpoint {
	char origin[MRK_ORIGIN_MAX];
	uint64_t size;
	struct mrk_hash root;
	uint8_t key_id[MRK_KEY_ID];
	uint8_t signature[MRK_SIGNATURE];
};

/* An origin is 1 to 255 printable ASCII characters without blank and `+`: it is the name of a key,
 * too. */
bool mrk_origin_good(const char *origin);

ERR_MUST_USE int mrk_key_id(struct hash *h, const char *origin, const uint8_t key[MRK_KEY], uint8_t out[MRK_KEY_ID]);

/* The text that is signed: the three lines. Returns its length. */
size_t mrk_checkpoint_body(char out[MRK_NOTE_MAX], const char *origin, uint64_t size, const struct mrk_hash *root);
/* The whole note. Returns its length. */
size_t mrk_checkpoint_put(char out[MRK_NOTE_MAX], const struct mrk_checkpoint *c);
/* Reads a note; what is signed are the first *body octets of the text. Signatures of other names,
 * such as those of witnesses, and further lines of the body are skipped. ERR_PROTO: no note, not
 * one of this form, or without a signature of its origin. */
ERR_MUST_USE int mrk_checkpoint_get(struct mrk_checkpoint *out, size_t *body, const char *text, size_t len);

/* The public key as signed-note writes it: NAME+ID in hex+base64(0x01, key). Returns the length. */
size_t mrk_vkey_put(char out[MRK_VKEY_MAX], const char *origin, const uint8_t id[MRK_KEY_ID], const uint8_t key[MRK_KEY]);
/* ERR_PROTO: no such text, or its id is not that of name and key. A newline may follow. */
ERR_MUST_USE int mrk_vkey_get(struct hash *h, char origin[MRK_ORIGIN_MAX], uint8_t key[MRK_KEY], const char *text, size_t len);
