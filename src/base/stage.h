/* stage.h - results of a stage on the path of one request (ARCHITECTURE.md, "The path of one
 * trigger"). */
#pragma once

enum stage {
	STAGE_CONTINUE,  /* the next stage has it */
	STAGE_ANSWERED,  /* the one answer has left */
	STAGE_SUSPENDED, /* it is with the core, the HSS, the disk or the SMS-SC; the answer follows */
	STAGE_DROPPED,   /* the connection it came on has ended with it */
};
