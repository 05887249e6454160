/* smssc_alarm.c - an alarm: a warning in the log and a line on standard output. Whoever sends forged
 * triggers chooses how many there are, so that only some of a second are told one by one. */
#include "base/clock.h"
#include "nodes/smssc/smssc.h"

enum { ALARMS_A_SECOND = 10 };

void smssc_alarm(struct smssc *s, const char *from, const char *who, const char *form, const char *done)
{
	uint64_t second = clock_boot_ms() / 1000;
	json_t *event;

	if (second != s->alarms.second) {
		s->alarms.second = second;
		s->alarms.told = 0;
	}
	if (s->alarms.told >= ALARMS_A_SECOND) {
		s->alarms.untold++;
		return;
	}
	s->alarms.told++;
	log_warn(&s->log, "alarm", "%s '%s' sends %s: %s", from, who, form, done);
	event = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "alarm", "alarm", "forged-trigger", "from", from, "who", who,
			  "form", form, "done", done);
	if (event && s->alarms.untold) {
		json_object_set_new(event, "untold_before", json_integer((json_int_t)s->alarms.untold));
		s->alarms.untold = 0;
	}
	node_out_event(&s->out, event);
}
