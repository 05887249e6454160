"""Hostile cases as files: what one says, and how it is played against a running gateway (tests/hostile/README.md)."""
import contextlib
import random
import socket
import ssl
import struct

from lablib import lab as L
from lablib import proc

from . import diameter as D
from .octets import NotationError, Octets, read_pieces, without_comment
from .pace import Watch
from .tsp import Scs, action, request_status

AT_ONCE_S = 2  # less than a gateway waits for a CER here, for the load of the machine more than it needs
GROUPS = (3001, 3003)  # Failed-AVP may show the groups around the AVP (RFC 6733 7.5)
REPORTED_DEVICE = "meter-1@a.example"  # may be triggered by gamma


class Case:
    """A file: comments say what it is about, then steps, one a line; octets stand indented below theirs."""

    def __init__(self, path):
        self.steps, self.fault = [], None
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                text = without_comment(line)
                if not text.strip():
                    continue
                if text[0].isspace():
                    self.steps[-1][2].append(text)
                elif text.startswith("fault "):
                    self.fault = text[len("fault "):]
                else:
                    word, *words = text.split()
                    if not hasattr(Player, "do_" + word.replace("-", "_")):
                        raise NotationError(f"{path}:{number}: there is no step '{word}'")
                    self.steps.append((word, words, []))


class Connection:
    """One connection of the case. `asked`: the header of what was sent last."""

    def __init__(self, scs, sock):
        self.scs, self.sock, self.asked, self.early = scs, sock, b"", []


class Player:
    """Plays one case. Each step is a method; an AssertionError says what did not happen."""

    def __init__(self, play, pieces):
        self.play, self.names = play, {**read_pieces(pieces)}
        self.connections, self.here, self.last = {}, None, None
        self.references = []

    def run(self, case):
        with contextlib.ExitStack() as stack:
            stack.callback(self.end)
            for i, (word, words, lines) in enumerate(case.steps):
                self.next = case.steps[i + 1][0] if i + 1 < len(case.steps) else ""
                try:
                    getattr(self, "do_" + word.replace("-", "_"))(*words, *([lines] if lines else []))
                except (AssertionError, OSError, EOFError) as e:
                    raise AssertionError(f"step {i + 1}, '{word} {' '.join(words)}': {e!r}") from e

    def end(self):
        for c in self.connections.values():
            c.sock.close()
        self.settle()

    # -- connections

    def do_connect(self, name, label=None):
        """TLS with the certificate of that SCS, and nothing more."""
        scs = Scs(self.play, name)
        scs.sock.settimeout(proc.HANG_S)
        self.here = self.connections[label or name] = Connection(scs, scs.sock)

    def do_open(self, name, label=None):
        """The same, CER and CEA included."""
        self.do_connect(name, label)
        assert self.here.scs.open() == 2001

    def do_tcp(self, label="tcp"):
        """A connection to the gateway's port without TLS."""
        tsp = self.play.lab["iwf"]["tsp"]
        self.here = self.connections[label] = Connection(None, socket.create_connection((tsp["address"], tsp["port"]), proc.HANG_S))

    def do_on(self, label):
        """From here on the steps are about that connection."""
        self.here = self.connections[label]

    def do_reset(self):
        """The connection ends with a TCP reset, without a word of TLS."""
        self.here.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.here.sock.close()

    def do_leave(self):
        """The connection ends in order, without a word of TLS or Diameter."""
        self.here.sock.close()

    # -- octets

    def do_send(self, lines):
        messages = [[]]
        for line in lines:
            if line.strip() == "and":
                messages.append([])
            else:
                messages[-1].append(line)
        octets = [Octets(self.names).of(m) for m in messages]
        self.here.asked = octets[0][:20]
        if self.here.scs:
            self.here.scs.tap.keep("written", b"".join(octets))
        try:
            self.here.sock.sendall(b"".join(octets))
        except (ConnectionError, ssl.SSLError):
            pass  # the gateway has seen enough: what it did is asked below

    def message(self):
        if self.here.early:
            return self.here.early.pop(0)
        return D.Peer.receive(self.here.scs)

    def do_answer(self, result, *words):
        """The next message is this answer to what was sent last: `E` if it has the E bit, `status N` for a Device-Action."""
        m, asked = self.message(), self.here.asked
        words = list(words)
        assert not m.flags & D.REQUEST and m.octets[5:20] == asked[5:20], f"no answer to this request: {m.octets[:20].hex()}"
        assert m.flags & D.PROXIABLE == asked[4] & D.PROXIABLE, "the P bit is not that of the request"
        assert not m.flags & 0x1f, f"flags {m.flags:#x}"
        assert m.result == int(result), f"Result-Code {m.result}: {m.text(281)}"
        assert bool(m.flags & D.ERROR) == ("E" in words), f"flags {m.flags:#x}"
        assert (m.text(264), m.text(296)) == (L.EXTERNAL_HOST, L.EXTERNAL_REALM)
        if "status" in words:
            assert request_status(m) == int(words[words.index("status") + 1]), f"Request-Status {request_status(m)}"
        else:
            assert m.data(3002) is None
        assert self.next == "failed" or m.data(279) is None, f"Failed-AVP {m.data(279).hex()}"
        self.last = m

    def do_failed(self, lines):
        """The answer's Failed-AVP holds exactly these octets, perhaps in the groups that they stood in."""
        found, wanted = self.last.data(279), Octets(self.names).of(lines)
        while found != wanted and found and int.from_bytes(found[:4], "big") in GROUPS:
            found = found[12:]
        assert found == wanted, f"Failed-AVP {self.last.data(279).hex()}, expected {wanted.hex()}"

    def do_served(self):
        """Nothing came, and the connection is as good as before: a DWR is answered by the next message."""
        scs = self.here.scs
        hop = next(scs.ids)
        scs.send(D.message(D.DWR, 0, D.REQUEST, scs.origin(), hop, hop))
        m = self.message()
        assert (m.code, m.flags, m.hop, m.result) == (D.DWR, 0, hop, 2001), f"command {m.code}, flags {m.flags:#x}, result {m.result}"

    def do_closed(self, later=None):
        """The gateway ends the connection and says nothing more; an alert of TLS is no word. `later`: when a time is over, not at once."""
        found, watch = b"".join(m.octets for m in self.here.early), Watch()
        try:
            while more := self.here.sock.recv(65536):
                found += more
        except (ConnectionError, ssl.SSLError):
            pass
        if not self.here.scs and found[:1] == b"\x15":
            found = b""
        assert not found, f"{found[:400].hex()} came"
        assert later or watch.took() < AT_ONCE_S, "it was closed, but not at once"

    # -- reports and their answers

    def do_trigger(self):
        """A good trigger: it is accepted, and a DNR will report that it was delivered."""
        scs, reference, hop = self.here.scs, random.getrandbits(31), next(self.here.scs.ids)
        self.references.append(reference)
        scs.send(D.message(D.DAR, D.TSP, D.REQUEST | D.PROXIABLE, scs.dar_avps(action(device=REPORTED_DEVICE, reference=reference)), hop,
                           scs.end_base + hop))
        while True:
            m = D.Peer.receive(scs)
            if m.code == D.DAR and m.hop == hop:
                break
            self.here.early.append(m)  # its report may be faster
        assert (m.result, request_status(m)) == (2001, 0)

    def do_dnr(self):
        """The report of that trigger comes; it is not answered yet."""
        m = self.message()
        assert m.code == D.DNR and m.flags & D.REQUEST and m.number(3002, 3007) == self.references[-1], m.octets.hex()
        self.names["earlier-ids"] = self.names.get("dnr-ids")
        self.names["dnr-ids"] = m.octets[12:20]
        self.names["dnr-hop-by-hop-id"], self.names["dnr-end-to-end-id"] = m.octets[12:16], m.octets[16:20]
        self.names["dnr-session-id"] = D.avp(263, m.data(263))

    def do_dnr_again(self):
        """The same report once more, because it counts as not answered."""
        self.do_dnr()

    def do_acknowledged(self):
        """The gateway has its answer: the report is not kept any longer."""
        proc.wait_until("the report is acknowledged", lambda: not self.kept())

    def do_kept(self):
        """The report is still to be acknowledged."""
        assert self.kept()

    def kept(self):
        return [r for r in self.play.ctl("triggers", "list") if r.get("reference") in self.references]

    def settle(self):
        """Acknowledges what the case left, so that no other case sees its reports."""
        if self.references and self.kept():
            with contextlib.closing(Scs.opened(self.play, "gamma")) as scs:
                scs.sock.settimeout(0.1)

                def gone():
                    with contextlib.suppress(TimeoutError):
                        scs.receive()
                    return not self.kept()
                proc.wait_until("all reports of the case are acknowledged", gone)


__all__ = ["Case", "Player"]
