/* ctl_replies.c - all tables of replies. */
#include "ctl/ctl_reply_rows.h"

const struct ctl_reply *const ctl_reply_tables[] = { ctl_replies_gateway, ctl_replies_provisioning, ctl_replies_files,
						     ctl_replies_records, NULL };
