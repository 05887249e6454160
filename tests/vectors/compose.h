/* compose.h - for tests: messages written down as text, good and bad ones.
 *
 *   263:0 40 'a;1;2'                      code:vendor flags data; a vendor field is written when the flags have V
 *   3007:10415 c0 00000029                data in hex, "-" for none
 *   3001:10415 c0 { 3007:10415 c0 - }     a group
 *   3007:10415 c0 =5 00000029             "=5": the length field says 5, whatever is there
 *   ! 00000107                            octets as they are */
#pragma once
#include "base/buf.h"

/* Writes AVPs; a text that is not understood ends the program: it is ours. */
void compose_avps(struct buf *out, const char *text);
/* Header of 20 octets with the true length, then the AVPs. */
void compose_message(struct buf *out, uint8_t flags, uint32_t code, uint32_t app_id, const char *text);
