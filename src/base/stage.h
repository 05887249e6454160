/* stage.h - what a stage on the path of one request says (ARCHITECTURE.md, "The path of one trigger"). */
#pragma once

enum stage {
	STAGE_CONTINUE,  /* the next stage has it */
	STAGE_ANSWERED,  /* the one answer has left */
	STAGE_SUSPENDED, /* somebody else has it now and will answer: the core, the HSS, the disk, the SMS-SC */
	STAGE_DROPPED,   /* the connection it came on has ended with it */
};
