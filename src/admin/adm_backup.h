/* adm_backup.h - copies of the stores for `mtcctl backup`, for src/admin only. */
#pragma once
struct adm;

/* Ends a running backup. Called after the control server is freed. */
void adm_backup_end(struct adm *a);
