/* trc_redact.h - makes a copy of a Diameter message fit to be shown: what names a subscriber, where
 * one is, and what an SCS sends to a device become digests of the same length and form. The same
 * value has the same digest within one trace, so that a device can still be followed; the key is
 * made for each trace and forgotten with it.
 *
 * Kept: numbers, results, names of hosts and realms, SCS-Identity, SM-RP-SMEA, and of a Session-Id
 * the part that RFC 6733 8.8 defines. Everything else, and every AVP that the dictionary does not
 * know, is replaced. Lengths, AVP headers and groups stay, so that the copy decodes as the original
 * does. PURE. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/sip.h"

/* Replaces in place the inside of one whole message of `len` octets, 20 or more. Returns how many
 * octets from the start may be shown: fewer than `len` when the rest cannot be read as AVPs. Those
 * octets are zero then. */
size_t trc_redact(uint8_t *message, size_t len, const struct sip_key *key);
