"""scripts/tunnel-ends: the tunnel of an SCS ends under its session, again and again, while the gateway has a report for it. Nothing of the gateway
may leave in clear text from the first moment on, the session is cut within a second, and the report comes once the tunnel is up again. The road
past the tunnel exists, and each round proves it: a datagram of the gateway takes it."""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile

from lablib import ending, ndsip, netns, play, proc, tunnel
from lablib import lab as L
from support.pace import Watch

CUT_S = 1.0      # from the command that ends the security association to a gateway without the session
GRACE_MS = 500   # of the gateway: half of that time is for its own detection, charon, and a busy machine
PROBE_PORT = 9   # of the datagram
ABSENT = 3       # the device that is away when the tunnel ends
FIRST_REFERENCE = 70000


def by_the_scs(_world, charon):
    charon.terminate("iwf")


def its_child_by_the_scs(_world, charon):
    charon.swanctl("--terminate", "--child", ndsip.CHILD, "--timeout", tunnel.ACT_S)


def by_the_operator(world, _charon):
    world.charons["gw"].swanctl("--terminate", "--ike", "mtc-acme", "--timeout", tunnel.ACT_S)


def charon_of_the_gateway_killed(world, _charon):
    os.kill(world.charons["gw"].entry["pid"], signal.SIGKILL)


# How a tunnel ends, and what takes seconds to mend: once in TURNS.
WAYS = {"the SCS ends the IKE_SA": by_the_scs, "the SCS ends the child": its_child_by_the_scs, "the operator ends the IKE_SA": by_the_operator}
RARE = {"the gateway's charon is killed": charon_of_the_gateway_killed}
TURNS = 10


class Seen:
    """What one round saw. clear: (source, destination, protocol, ports) of each packet of the gateway's protected address in clear text, without
    the datagrams that prove the road; road: how many of those came by; cut_s: until the session was cut; reported: the report came later."""

    def __init__(self, way):
        self.way, self.clear, self.road, self.cut_s, self.reported = way, [], 0, None, False

    def wrong(self):
        """What is wrong with the round; "" when nothing is."""
        said = []
        if self.clear:
            said.append(f"{len(self.clear)} packets of the gateway in clear text, the first {self.clear[0]}")
        if not self.road:
            said.append("the road past the tunnel is closed, so nothing is proven")
        if self.cut_s is None or self.cut_s > CUT_S:
            said.append("the session was never cut" if self.cut_s is None else f"the session was cut after {self.cut_s:.2f} s")
        if not self.reported:
            said.append("the report never came")
        return "; ".join(said)

    def take(self, ends):
        """Packets that went past the tunnel."""
        for one in ends:
            if one[0] != ndsip.GATEWAY:
                continue
            if one[2] == netns.UDP and one[4] == PROBE_PORT:
                self.road += 1
            else:
                self.clear.append(one)


class Rounds:
    """Rounds on a laboratory that is up: an ndsip.World. first: its triggers have the references above it."""

    def __init__(self, world, first=FIRST_REFERENCE):
        self.world, self.wire = world, ndsip.Wire(world.hosts)
        self.charon = world.tunnel("acme", ndsip.HOST)
        self.reference, self.session = first, None
        with netns.entered(world.hosts.name("gw")):
            self.probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.probe.bind((ndsip.GATEWAY, 0))

    def begin(self):
        """The tunnel is up, acme has a session, and the gateway has a trigger whose report is still to come."""
        if not self.session:
            self.connect()
        self.reference += 1
        self.world.lab.ue("absent", L.imsi(ABSENT))
        done = self.world.trigger("acme", device=f"meter-{ABSENT}@a.example", reference=self.reference)
        if done.status != "SUCCESS":
            raise proc.LabError(f"the trigger was not accepted: {done}")

    def connect(self):
        self.charon.swanctl("--initiate", "--child", ndsip.CHILD, "--timeout", tunnel.ACT_S, check=False)  # fails when the gateway's charon was first
        self.world.status("acme", True)
        self.session = self.world.listen("acme")

    def play(self, way, end, mend=lambda: None):
        """One round: end(world, charon) ends the tunnel, and the device comes back at this moment. It returns when the tunnel has ended, where
        that is not at once. mend(): what is to be done before a tunnel can be made again."""
        seen = Seen(way)
        self.begin()
        self.wire.since()
        watch = Watch()
        begun = end(self.world, self.charon) or watch.began
        self.world.lab.ue("present", L.imsi(ABSENT))
        self.probe.sendto(b"road", (ndsip.HOST, PROBE_PORT))
        try:
            seen.cut_s = watch.of(self.world.gone("acme", begun))
        except proc.LabError:
            pass  # the verdict says it
        self.probe.sendto(b"road", (ndsip.HOST, PROBE_PORT))  # the device of a charon that was killed takes the first one with it
        seen.take(self.wire.since()[1])
        os.kill(self.session.pid, signal.SIGKILL)  # it would wait for the answer to its DPR
        mend()
        self.again(seen)
        seen.take(self.wire.since()[1])
        return seen

    def again(self, seen):
        """The tunnel is up again, and so is charon; the report comes."""
        gw = self.world.charons["gw"]
        if not proc.alive(gw.entry):
            self.world.restart_gateway_charon()
            self.world.wait_loaded("acme")
        self.charon.swanctl("--terminate", "--ike", "iwf", "--force", check=False)
        self.connect()
        try:
            self.session.wait_event("report", reference=self.reference)
            seen.reported = True
        except proc.LabError:
            pass

    def close(self):
        self.wire.close()
        self.probe.close()
        self.world.drop(self.charon)


def drawn(times, seed):
    """The ways of so many rounds, (name, function): a rare one in each TURNS."""
    dice = random.Random(seed)
    return [dice.choice(list((RARE if n % TURNS == TURNS - 1 else WAYS).items())) for n in range(times)]


def run(options):
    """Returns the verdicts, one for each round."""
    folder = tempfile.mkdtemp(prefix="mtc-ends-")
    found = []
    try:
        ndsip.Tunnelled(folder, ndsip.options(bin=options.bin, edges=1, grace_ms=GRACE_MS)).up(lambda text: None)
        world = ndsip.World(play.Play(folder, options.bin))
        rounds = Rounds(world)
        for number, (way, end) in enumerate(drawn(options.times, options.seed), 1):
            seen = rounds.play(way, end)
            wrong = seen.wrong()
            cut = "-" if seen.cut_s is None else f"{seen.cut_s:.2f} s"
            found.append({"name": f"round {number}: {way}", "ok": not wrong, "why": wrong, "cut_s": seen.cut_s})
            ending.write(f"tunnel-ends: {number} of {options.times}: {way}: {wrong or f'cut after {cut}, nothing in clear text, reported later'}")
        rounds.close()
        world.lab.end_background()
        world.end_tunnels()
    finally:
        if os.path.exists(os.path.join(folder, L.RECORD)):
            L.down(folder, lambda text: None)
        if len(found) == options.times and all(v["ok"] for v in found):
            shutil.rmtree(folder)
        else:
            ending.write(f"tunnel-ends: logs are in {folder}/log")
    return found


def main():
    parser = argparse.ArgumentParser(prog="scripts/tunnel-ends", description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="rounds (default 100, about 2 minutes)")
    parser.add_argument("--seed", type=int, default=None, help="draws the same ways to end a tunnel again")
    parser.add_argument("--if-possible", action="store_true", help="where it cannot run, such as without root, say so and exit with 0")
    parser.add_argument("--results", help="file for the verdicts, as JSON")
    parser.add_argument("--bin", default=os.environ.get("MTC_BIN", os.path.join(L.ROOT, "build", "bin", "faults")), help="the programs")
    options = parser.parse_args()
    options.seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    ending.as_interrupt()
    lacking = tunnel.lacking()
    if lacking:
        ending.write(f"tunnel-ends: cannot run here: {lacking}", sys.stderr)
        return 0 if options.if_possible else 1
    ending.write(f"tunnel-ends: {options.times} rounds, seed {options.seed}")
    try:
        found = run(options)
    except proc.LabError as e:
        ending.write(f"tunnel-ends: {e}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    good = sum(v["ok"] for v in found)
    cuts = sorted(v["cut_s"] for v in found if v["cut_s"] is not None)
    ending.write(f"tunnel-ends: {good} of {options.times} as promised; the sessions were cut after {cuts[0]:.2f} to {cuts[-1]:.2f} s, median "
                 f"{cuts[len(cuts) // 2]:.2f} s" if cuts else f"tunnel-ends: {good} of {options.times} as promised")
    if options.results:
        proc.write(options.results, json.dumps(found, indent=1) + "\n")
    return 0 if good == options.times else 1
