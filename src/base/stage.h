/* stage.h - results of a stage on the path of one request (ARCHITECTURE.md, "The path of one
 * trigger"). */
#pragma once

enum stage {
	STAGE_CONTINUE, /* the next stage has it */
	STAGE_ANSWERED, /* the one answer has left */
	/* the core, the HSS, the disk or the SMS-SC has the request; the answer follows */
	STAGE_SUSPENDED,
	STAGE_DROPPED, /* the connection it came on has ended with it */
};
