/* cli_audit.h - what the commands of the audit share. */
#pragma once
#include "base/file.h"
#include "cli/cli_command.h"

int cli_audit_verify(const struct cli_session *s, const json_t *args);
int cli_audit_prune(const struct cli_session *s, const json_t *args);

void cli_audit_json(json_t *row); /* prints a line; takes row */
/* Says what is wrong; returns the exit code. */
int cli_audit_wrong(const struct cli_session *s, const char *words, int err);
/* A small file, the public key of an audit. False: it was said, and *code is the exit code. */
bool cli_audit_key(struct file_copy *out, const struct cli_session *s, const char *path, int *code);
bool cli_audit_file(struct file_copy *out, const struct cli_session *s, const char *path, size_t max, int *code);
