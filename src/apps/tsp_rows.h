/* tsp_rows.h - groups of Tsp that its command files share; not for other rooms. */
#pragma once
#include "apps/app_rows.h"

extern const struct dia_grammar tsp_device_action_group;
extern const struct dia_grammar tsp_notification_answered_group; /* Device-Notification in a DAA */
extern const struct dia_grammar tsp_notification_reported_group; /* Device-Notification in a DNR */
