/* edge_stats.c - reports the counters of an edge to the core. */
#include "edge/edge_stats.h"

_Static_assert((int)ST_EDGE_GAUGES == (int)EDGE_SESSION_STATES + (int)TLS_STATES &&
		   ST_EDGE_IN_ENDING - (int)ST_EDGE_GAUGE_FIRST == (int)EDGE_SESSION_ENDING &&
		   (int)ST_EDGE_TLS_IN_DEAD - (int)ST_EDGE_TLS_IN_BEGINNING == (int)TLS_DEAD,
	       "a gauge for each state, in the same order");

_Static_assert((int)ST_EDGE_TURNS_LONGER - (int)ST_EDGE_TURNS_BELOW_1MS == NET_TURNS - 1, "a counter for each row of the loop");

static void count_links(struct edge_stats *stats)
{
	struct st_counters *st = &stats->env->st;
	const struct link_counters *now = stats->links, *seen = &stats->seen;
	uint64_t malformed;

	st_count_n(st, ST_EDGE_NO_CER, now->ended[LINK_END_NO_CER] - seen->ended[LINK_END_NO_CER]);
	st_count_n(st, ST_EDGE_BAD_CER, now->ended[LINK_END_NOT_CER] - seen->ended[LINK_END_NOT_CER]);
	st_count_n(st, ST_EDGE_TLS_MISUSED, now->ended[LINK_END_STREAM_MISUSED] - seen->ended[LINK_END_STREAM_MISUSED]);
	malformed = now->ended[LINK_END_NOT_DIAMETER] - seen->ended[LINK_END_NOT_DIAMETER] + now->ended[LINK_END_TOO_LONG] -
		    seen->ended[LINK_END_TOO_LONG] + now->errors_sent - seen->errors_sent;
	st_count_n(st, ST_EDGE_MALFORMED, malformed);
	st_count_n(st, ST_EDGE_SCREEN_GRAMMAR, malformed + now->answers_malformed - seen->answers_malformed);
	st_count_n(st, ST_EDGE_SCREEN_ANSWERS, now->answers_unknown - seen->answers_unknown);
	stats->seen = *now;
}

static void look_at_gauges(struct edge_stats *stats)
{
	struct st_counters *st = &stats->env->st;
	const uint32_t *tls = tls_streams(stats->env->loop);

	for (unsigned i = 0; i < EDGE_SESSION_STATES; i++) {
		st->v[ST_EDGE_IN_PROOF + i] = stats->sessions->in_state[i];
	}
	for (unsigned i = 0; i < TLS_STATES; i++) {
		st->v[ST_EDGE_TLS_IN_BEGINNING + i] = tls[i];
	}
}

void edge_stats_send(struct edge_stats *stats)
{
	struct edge_ring *ring = stats->ring;
	struct st_counters delta;

	count_links(stats);
	look_at_gauges(stats);
	for (unsigned i = 0; i < NET_TURNS; i++) {
		stats->env->st.v[ST_EDGE_TURNS_BELOW_1MS + i] = net_loop_turns(stats->env->loop)[i];
	}
	stats->env->st.v[ST_EDGE_TURNS_TIME] = net_loop_turns_us(stats->env->loop);
	stats->env->st.v[ST_EDGE_LOG_LOST] = log_lost(stats->env->log);
	st_diff(&delta, &stats->env->st, &stats->sent);
	if (edge_ring_up(ring) && edge_ring_send(ring, ipc_stats_put(ring->record, stats->env->generation, &delta)) == 0) {
		stats->sent = stats->env->st;
	}
}

static void on_timer(void *arg)
{
	struct edge_stats *stats = OBJ_OF(arg, struct edge_stats, EDGE_STATS_MAGIC);

	edge_stats_send(stats);
	edge_ocsp_report(&stats->sessions->ocsp);
	net_timer_start(stats->timer, stats->env->cfg->timers.stats_ms);
}

int edge_stats_init(struct edge_stats *stats, struct edge_env *env, struct edge_ring *ring, struct edge_sessions *sessions)
{
	obj_begin(&stats->obj, EDGE_STATS_MAGIC);
	stats->env = env;
	stats->ring = ring;
	stats->sessions = sessions;
	stats->links = &sessions->link_counters;
	if (net_timer_new(&stats->timer, env->loop, on_timer, stats)) {
		return ERR_NOMEM;
	}
	net_timer_start(stats->timer, env->cfg->timers.stats_ms);
	return 0;
}

void edge_stats_fini(struct edge_stats *stats)
{
	net_timer_free(stats->timer);
}
