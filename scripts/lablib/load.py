"""The load that the bench and scripts/instructions measure."""
from . import lab, play, proc


class Triggers:
    """Authorised triggers of one SCS over one TLS connection; the devices are away, so nothing but the request path runs.
    `changes` are options of the laboratory; the SCS's program is started behind the words of `under`, if any."""

    LIMITS = "limits: { messages: 5000000, messages_per_ue: 100000, duplicates: 5000000 }"  # what is kept until the end of the run
    name = "triggers up to the DAA (TLS, S6m, write-ahead, T4)"

    def __init__(self, folder, bin_folder, window, wait_s=300, **changes):
        self.window, self.wait_s = window, wait_s
        made = lab.options(bin=bin_folder, **{"log_level": "warn", "smssc_more": self.LIMITS, **changes})
        lab.Lab(folder, made).up(lambda text: None)
        try:
            self.play = play.Play(folder, bin_folder, made.under)
            self.play.ue("absent")
        except BaseException:
            lab.down(folder, print)
            raise

    def summary(self, count):
        """What mtc-scs says at the end of `count` triggers; LabError unless the gateway accepted every one."""
        got = self.play.trigger("acme", wait_s=self.wait_s, device="meter-{}@a.example", devices="1-500", payload="x" * 40, port=16001,
                                validity=3600, count=count, window=self.window)
        summary = got.event("summary")
        if got.code or not summary or summary["by_status"] != {"SUCCESS": count}:
            raise proc.LabError(f"not every trigger was accepted: {got}")
        return summary

    def run(self, count):
        """Triggers in a second."""
        return count / (self.summary(count)["elapsed_ms"] / 1000.0)

    def end(self, wait_s=proc.END_WAIT_S):
        """Ends the laboratory; returns the names of those that had to be killed."""
        self.play.end_background()
        return lab.down(self.play.lab["dir"], print, wait_s)
