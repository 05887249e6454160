/* core_smpp_int.h - shared by core_smpp.c, core_smpp_ask.c, core_smpp_apart.c and
 * core_smpp_cancel.c. */
#pragma once
#include "core/core_smpp.h"
#include "policy/pol_reason.h"

/* The SMS-SC may take the same request later. */
bool core_smpp_later(uint32_t status);
void core_smpp_event(struct trg_event *ev, enum trg_event_kind kind, enum pol_reason reason);
/* Sends the first submit_sm of this trigger. `phase`: enum core_smpp_phase. As core_smpp_ask(). */
ERR_MUST_USE int core_smpp_submit_now(struct core *c, struct core_trigger *t, size_t place, uint8_t phase);

/* A request about this trigger, for whose response `fn` is told. NULL: no memory. */
struct core_ask *core_smpp_ask_new(struct core_trigger *t, struct core_peer *p, core_smpp_fn *fn);
void core_smpp_ask_free(struct core_ask *ask); /* of one that was not sent */

/* Cancels the original of a recall or replace; a replacement is submitted then. As
 * core_smpp_ask(). */
ERR_MUST_USE int core_smpp_cancel_original(struct core *c, struct core_trigger *t, size_t place);
/* A cancel_sm for a message of this trigger that has no id yet. NULL: there can be none, which is
 * counted. */
struct core_smpp_apart_one *core_smpp_apart_prepare(struct core_trigger *t, size_t place);
void core_smpp_apart_forget(struct core_smpp_apart_one *one); /* one that was not sent; NULL allowed */
/* The message has this id: sends the cancel_sm, or keeps it until there is room. Takes `one`. */
void core_smpp_apart_send(struct core_smpp_apart_one *one, const char *id);
/* A part of the message of this trigger was not delivered: the part that has no response yet is
 * cancelled when that comes, even if the trigger has ended. */
void core_smpp_cancel_coming(struct core_trigger *t, size_t place);
bool core_smpp_has_original(struct core *c, const struct trg *trg); /* the SMS-SC may still have it */
/* Cancels the parts that the SMS-SC has of a message that the device will never have whole, but
 * those that were delivered and part `except` (TRG_NO_PART: none); nobody waits. */
void core_smpp_cancel_parts(struct core_trigger *t, size_t place, uint8_t except);
void core_smpp_cancel_part(struct core_trigger *t, size_t place, uint8_t part); /* one of them */
