/* fault.h - kill points: the instants at which the fault harness (scripts/torture) ends a process
 * on purpose.
 *
 * Kill points are built only into the programs of scripts/build fault (bin/faults/meson.build).
 * In all others FAULT_POINT() is nothing: no code, no name, no variable;
 * tests/cli/test_fault_points.py checks this.
 *
 * A point is armed by a file with its name in the directory that the environment variable
 * MTC_FAULT_DIR names. The file holds a number: how many passes remain, 1 for the next pass. The
 * process that makes the last pass removes the file, adds the line "NAME PID" to the file `hits`
 * there, and ends itself with SIGKILL. So each arming is hit once, by one process, and counted.
 *
 * One row for each point: name, the one file that contains the point, what has happened there and
 * what has not. */
#pragma once

#define FAULT_TABLE(X)                                                                                                           \
	/* the core: a request, from the ring to its answer */                                                                   \
	X(CORE_REQUEST_TAKEN, "src/core/core_path.c", "a request was taken from the ring; nothing was done with it")             \
	X(CORE_SIR_QUEUED, "src/core/core_s6m.c", "the SIR is made and not yet sent")                                            \
	X(CORE_SIA_TAKEN, "src/core/core_s6m.c", "the SIA is here; nothing was done with it")                                    \
	X(CORE_INTENT_QUEUED, "src/core/core_ports.c", "the intent waits for its commit")                                        \
	X(CORE_INTENT_DURABLE, "src/core/core_ports.c", "the intent, or the report, is on disk; nothing follows from it yet")    \
	X(CORE_DTR_QUEUED, "src/core/core_t4.c", "the DTR is made and not yet sent")                                             \
	X(CORE_DTA_TAKEN, "src/core/core_t4.c", "the DTR was sent, its DTA is here; nothing was done with it")                   \
	X(CORE_RECALL_QUEUED, "src/core/core_t4.c", "the DTR that recalls is made and not yet sent")                             \
	X(CORE_RECALL_TAKEN, "src/core/core_t4.c", "the recall was answered; nothing was done with it")                          \
	X(CORE_ANSWER_DUE, "src/core/core_ports.c", "the outcome is known; the answer is not on the ring")                       \
	X(CORE_ANSWER_QUEUED, "src/core/core_answer.c", "the answer is in the ring and not published")                           \
	/* the core: an SMS-SC over SMPP */                                                                                      \
	X(SMPP_SUBMIT_QUEUED, "src/core/core_smpp.c", "the submit_sm is made and not yet sent")                                  \
	X(SMPP_SUBMIT_TAKEN, "src/core/core_smpp.c", "a submit_sm was sent, its response is here; nothing was done with it")     \
	X(SMPP_ID_DURABLE, "src/core/core_smpp.c", "the message id is on disk; nothing follows from it yet")                     \
	X(SMPP_CANCEL_QUEUED, "src/core/core_smpp_cancel.c", "the cancel_sm is made and not yet sent")                           \
	X(SMPP_CANCEL_TAKEN, "src/core/core_smpp_cancel.c", "the cancel_sm was answered; nothing was done with it")              \
	X(SMPP_RECEIPT_TAKEN, "src/core/core_smpp_report.c", "a receipt is here; nothing was done with it")                      \
	X(SMPP_RECEIPT_DUE, "src/core/core_dra.c", "the report is durable; its receipt is not answered")                         \
	/* the core: a report */                                                                                                 \
	X(CORE_DRR_TAKEN, "src/core/core_drr.c", "a DRR is here; nothing was done with it")                                      \
	X(CORE_DRA_DUE, "src/core/core_drr.c", "the report is durable; its DRA is not made")                                     \
	X(CORE_DRA_QUEUED, "src/core/core_drr.c", "the DRA is made and not yet sent; the DNR may be out")                        \
	X(CORE_DNR_QUEUED, "src/core/core_dnr.c", "the DNR is in the ring and not published")                                    \
	X(CORE_DNA_TAKEN, "src/core/core_dnr.c", "the SCS has acknowledged; nothing was done with it")                           \
	X(CORE_DELETE_QUEUED, "src/core/core_ports.c", "everything is over; the record is not yet deleted")                      \
	/* the core: the journal and the start */                                                                                \
	X(JOURNAL_BEFORE_COMMIT, "src/journal/jrn_append.c", "a commit is made; nothing of it is written")                       \
	X(JOURNAL_AFTER_COMMIT, "src/journal/jrn_append.c", "the commit is on disk; nobody was told")                            \
	X(JOURNAL_SEGMENT_MADE, "src/journal/jrn_segment.c", "the next segment has its header, and not yet its name")            \
	X(JOURNAL_SEGMENT_NAMED, "src/journal/jrn_segment.c", "the next segment has its name; the directory is not synced")      \
	X(JOURNAL_SEGMENT_DROPPED, "src/journal/jrn_segment.c", "a segment that is not needed any more has become a spare")      \
	X(CORE_REPLAYED, "src/core/core_restore.c", "the journal was read at the start; nothing was sent")                       \
	X(CORE_ENTERED_SOME, "src/core/core_later.c", "a slice of the journal's triggers is entered; requests come in between")  \
	X(CORE_RESUMED, "src/core/core_restore.c", "one trigger after the start was taken up; the others were not")              \
	/* the core: the association store, while a file is imported */                                                          \
	X(STORE_IMPORT_BATCH, "src/assoc/asc_merge.c", "a part of the new generation is written and not committed")              \
	X(STORE_GENERATION_WHOLE, "src/assoc/asc_switch.c", "the new generation is whole on disk; the store does not name it")   \
	X(STORE_SWITCHED, "src/assoc/asc_switch.c", "the store names the new generation; nobody uses it yet")                    \
	/* the ring, at either end */                                                                                            \
	X(RING_PUBLISHED, "src/ipc/ipc_ring.c", "records are published; the bell was not rung")                                  \
	X(RING_RECORD_TAKEN, "src/ipc/ipc_ring.c", "a record is copied and gone from the ring; nothing was done with it")        \
	/* an edge */                                                                                                            \
	X(EDGE_REQUEST_READ, "src/edge/edge_tsp.c", "a request is checked; the core does not know it")                           \
	X(EDGE_OFFERED, "src/edge/edge_tsp.c", "a request is in the ring and not published")                                     \
	X(EDGE_ANSWER_TAKEN, "src/edge/edge_txn.c", "the core's answer is here; no DAA")                                         \
	X(EDGE_DAA_QUEUED, "src/edge/edge_txn.c", "the DAA is made and not yet sent")                                            \
	X(EDGE_DNR_QUEUED, "src/edge/edge_notify.c", "the DNR is made and not yet sent")                                         \
	X(EDGE_DNA_TAKEN, "src/edge/edge_notify.c", "the DNA is here; the core does not know")                                   \
	X(EDGE_ANNOUNCED, "src/edge/edge.c", "after a restart of the core: sessions are announced, requests not offered")        \
	/* the parent */                                                                                                         \
	X(PARENT_CHILD_SPAWNED, "src/daemon/dm_life.c", "a child was started; nothing was handed to it")                         \
	X(PARENT_CHILD_ENDED, "src/daemon/dm_life.c", "a child has ended; nobody was told")                                      \
	X(PARENT_RING_HALF, "src/daemon/dm_hand.c", "the core has its end of a ring; the edge has not")                          \
	/* mtc-hss */                                                                                                            \
	X(HSS_SIR_TAKEN, "nodes/hss/hss_server.c", "a SIR is here; nothing was done with it")                                    \
	X(HSS_SIA_QUEUED, "nodes/hss/hss_server.c", "the SIA is made and not yet sent")                                          \
	/* mtc-smssc */                                                                                                          \
	X(SMSSC_DTR_TAKEN, "nodes/smssc/smssc_t4.c", "a DTR was worked on; nothing is on disk")                                  \
	X(SMSSC_BEFORE_COMMIT, "nodes/smssc/smssc.c", "the turn is over; its commit has not begun")                              \
	X(SMSSC_AFTER_COMMIT, "nodes/smssc/smssc.c", "the commit is on disk; nobody was told")                                   \
	X(SMSSC_DTA_QUEUED, "nodes/smssc/smssc_t4.c", "the DTA is made and not yet sent")                                        \
	X(SMSSC_PART_QUEUED, "nodes/smssc/smssc_ues.c", "a message for a mobile is made and not yet sent")                       \
	X(SMSSC_ACK_TAKEN, "nodes/smssc/smssc_ues.c", "a mobile has answered; nothing was done with it")                         \
	X(SMSSC_DRR_QUEUED, "nodes/smssc/smssc_t4.c", "the DRR is made and not yet sent")                                        \
	X(SMSSC_DRA_TAKEN, "nodes/smssc/smssc_t4.c", "the DRA is here; nothing was done with it")                                \
	/* mtc-smssc: triggers of SMEs */                                                                                        \
	X(SME_DAR_QUEUED, "nodes/smssc/smssc_tsp.c", "a DAR of an SME's trigger is made and not yet sent")                       \
	X(SME_SEGMENT_DURABLE, "nodes/smssc/smssc_tsp_parts.c",                                                                  \
	  "a segment is on disk, others are missing; its answer may be lost")                                                    \
	X(SME_DAA_TAKEN, "nodes/smssc/smssc_tsp.c", "the DAA is here; nothing was done with it")                                 \
	/* mtc-ue */                                                                                                             \
	X(UE_MESSAGE_TAKEN, "nodes/ue/ue_take.c", "a message is here; nothing was done with it")                                 \
	X(UE_WRITTEN, "nodes/ue/ue_take.c", "the events of this turn are on disk; the marks are not")                            \
	X(UE_MARKED, "nodes/ue/ue_take.c", "the marks are on disk; the SMS-SC was not told")                                     \
	X(UE_ACK_QUEUED, "nodes/ue/ue_link.c", "the acknowledgement is made and not yet sent")                                   \
	/* mtc-scs listen */                                                                                                     \
	X(SCS_REPORT_TAKEN, "nodes/scs/scs_listen.c", "a report is here; nothing was done with it")                              \
	X(SCS_REPORT_PRINTED, "nodes/scs/scs_listen.c", "a report was printed and is not remembered")                            \
	X(SCS_REPORT_KEPT, "nodes/scs/scs_listen.c", "a report is remembered and not acknowledged")                              \
	X(SCS_DNA_QUEUED, "nodes/scs/scs_listen.c", "the DNA is made and not yet sent")

#ifdef MTC_FAULTS

enum fault {
#define FAULT_ROW(name, file, meaning) FAULT_##name,
	FAULT_TABLE(FAULT_ROW)
#undef FAULT_ROW
	    FAULT_COUNT
};

/* Returns unless the point is armed and passed for the last time; then it does not. */
void fault_point(enum fault p);
#define FAULT_POINT(name) fault_point(FAULT_##name)

#else
#define FAULT_POINT(name) ((void)0)
#endif
