/* adm_exchange.h - files in and out over the control socket, for the core's files only. The client opens the file and hands the descriptor
 * over, so that the core needs no right to it and a pipe works as well; the core reads and writes it on a thread of its own. */
#pragma once
#include "exchange/exc_row.h"
#include "admin/adm_int.h"

#define ADM_EXPORTS_MAX 4u /* at a time: each keeps old pages of the store */
#define ADM_EXCHANGE_TICK_MS 250
#define ADM_EXCHANGE_END_MS 5000 /* how long the end of the core waits for a file system that hangs */
#define ADM_FILE_NAME_MAX 256

/* `rq` is answered later: lines {"progress":true,...}, for an import lines {"line":N,"error":...}, then the last. */
void adm_import_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind);
void adm_export_begin(struct adm *a, struct ctl_request *rq, const json_t *args, enum asc_kind kind);

/* The end of the core: cancels what is under way; nothing of it is applied. Before the store is closed, after the control socket. */
void adm_imports_end(struct adm *a);
void adm_exports_end(struct adm *a);

/* One row of the store as a row of a file. */
void adm_export_row(struct exc_row *out, const struct asc_export_row *row);
/* The format that the client said, or `preset`. */
enum exc_format adm_exchange_format(const json_t *args, enum exc_format preset);
