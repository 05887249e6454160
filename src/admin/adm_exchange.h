/* adm_exchange.h - import and export of files, for src/admin only. The client opens the file and
 * sends the descriptor, so that the core needs no right to the file and a pipe works too. The core
 * reads and writes the file on a thread. */
#pragma once
#include "exchange/exc_row.h"
#include "admin/adm_int.h"

#define ADM_EXPORTS_MAX 4u /* simultaneous exports; each keeps old pages of the store */
#define ADM_EXCHANGE_TICK_MS 250
#define ADM_EXCHANGE_END_MS 5000 /* longest wait of adm_free() for a file system that hangs */
#define ADM_FILE_NAME_MAX 256

/* `rq` is answered later: lines {"progress":true,...}, for an import lines {"line":N,"error":...},
 * then the last. */
void adm_import_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind);
void adm_export_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind);

/* Cancel the running import and the running exports; nothing of the import is applied. Called after
 * the control server is freed. */
void adm_imports_end(struct adm *a);
void adm_exports_end(struct adm *a);

/* Answers an export or backup that failed. ERR_TIMEOUT: its target took nothing for
 * limits.exchange_idle. ERR_LIMIT: it took longer than limits.exchange_max. Both are logged and
 * counted. For any other code `words` is the reason. */
void adm_exchange_fail(struct adm *a, struct ctl_request *rq, const char *name, int err, const char *words);

/* One row of the store as a row of a file. */
void adm_export_row(struct exc_row *out, const struct asc_export_row *row);
/* The argument format, or `preset` when it is absent. */
enum exc_format adm_exchange_format(const json_t *args, enum exc_format preset);
