/* asc_write.h - single changes (room-private), each checked against the newest model and made
 * durable in one asc_edit. All of it runs on the store's thread. */
#pragma once
#include "assoc/asc_job.h"

/* Makes the change of a job: its `run`. Fills out, and view when something changed. */
void asc_write(struct asc *a, struct asc_job *job);

/* What asc_write() calls for SCSs, groups and named sets. Each returns the outcome's error. */
int asc_write_scs_put(struct asc *a, struct asc_job *job);
int asc_write_scs_del(struct asc *a, struct asc_job *job);
int asc_write_group_put(struct asc *a, struct asc_job *job);
int asc_write_group_del(struct asc *a, struct asc_job *job);
int asc_write_group_member(struct asc *a, struct asc_job *job, bool add);
int asc_write_dset_add(struct asc *a, struct asc_job *job);
int asc_write_dset_rename(struct asc *a, struct asc_job *job);
int asc_write_dset_del(struct asc *a, struct asc_job *job);
