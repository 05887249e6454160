/* adm_metrics.h - what the metrics tell about the core: a snapshot every metrics.every, written
 * into the page that their process reads. Needs no control socket. */
#pragma once
#include "base/err.h"

struct adm_metrics;
struct core;

/* Begins to write into the page behind fd (metrics/mtr_page.h), which is borrowed until return.
 * Borrows `core` until adm_metrics_free(). ERR_NOMEM, ERR_INVAL, ERR_IO. */
ERR_MUST_USE int adm_metrics_new(struct adm_metrics **out, struct core *core, int fd);
void adm_metrics_free(struct adm_metrics *m); /* before core_free(); NULL allowed */
