/* gw_stage.h - what a stage on the path of one request says (ARCHITECTURE.md, "The path of one trigger"). */
#pragma once

enum gw_stage {
	GW_CONTINUE,  /* the next stage has it */
	GW_ANSWERED,  /* the one answer has left */
	GW_SUSPENDED, /* somebody else has it now and will answer: the core, the HSS, the disk, the SMS-SC */
	GW_DROPPED,   /* the connection it came on has ended with it */
};
