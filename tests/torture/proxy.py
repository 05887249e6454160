"""A proxy in each leg of the laboratory. It knows where messages (Diameter) or records (TLS) begin and end, so that it can cut a
connection between two or inside one, keep a side waiting, or swallow what one side says. One thread for all legs."""
import asyncio
import collections
import random
import socket
import struct
import threading

from lablib import proc

DIAMETER, TLS, SMPP = "diameter", "tls", "smpp"
LENGTH_MAX = 1 << 24


def frames(kind, pending):
    """Takes whole messages off the front of `pending` (bytearray)."""
    head = 5 if kind == TLS else 4
    found = []
    while len(pending) >= head:
        n = {DIAMETER: int.from_bytes(pending[1:4], "big"), SMPP: int.from_bytes(pending[:4], "big"),
             TLS: 5 + int.from_bytes(pending[3:5], "big")}[kind]
        if n < head or n > LENGTH_MAX:  # not what we thought: passed on as it is
            n = len(pending)
        if len(pending) < n:
            break
        found.append(bytes(pending[:n]))
        del pending[:n]
    return found


def reset(writer):
    """Ends a connection with a reset, not in order."""
    sock = writer.get_extra_info("socket")
    try:
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    writer.transport.abort()


class Leg:
    """One leg. `target` is (address, port) of the server behind it; may be set later. Everything is called on the proxy's thread,
    through Proxy."""

    def __init__(self, name, kind, seed):
        self.name, self.kind, self.target = name, kind, None
        self.random = random.Random(seed)
        self.port = None
        self.delay_s, self.silent = 0.0, False
        self.cuts = collections.deque()
        self.done = collections.Counter()  # faults that took place
        self.connections = set()

    async def client(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.target or ("", 0))  # not there yet: nobody answers
        except OSError:
            reset(writer)
            return
        pair = (writer, up_writer)
        self.connections.add(pair)
        await asyncio.gather(self.pump(reader, up_writer, pair), self.pump(up_reader, writer, pair))
        self.connections.discard(pair)

    async def pump(self, reader, writer, pair):
        pending = bytearray()
        try:
            while True:
                data = await reader.read(65536)
                if not data:
                    break
                pending += data
                for frame in frames(self.kind, pending):
                    if not await self.forward(frame, writer):
                        for w in pair:
                            reset(w)
                        return
        except (OSError, asyncio.IncompleteReadError):
            pass
        if pending:
            writer.write(bytes(pending))
        for w in pair:  # either side's end ends both
            w.close()

    async def forward(self, frame, writer):
        """One message onwards. False: the connection is to be cut now."""
        if self.delay_s:
            self.done[f"slow {self.name}"] += 1
            await asyncio.sleep(self.delay_s)
        if self.silent and self.kind != TLS:
            self.done[f"silent {self.name}: messages swallowed"] += 1
            return True
        while self.silent:  # TLS bears no gap: it is held back
            self.done[f"silent {self.name}: moments"] += 1
            await asyncio.sleep(0.05)
        cut = self.cuts.popleft() if self.cuts else None
        if cut == "inside":
            writer.write(frame[:self.random.randint(1, len(frame) - 1)])
        else:
            writer.write(frame)
        await writer.drain()
        if not cut:
            return True
        self.done[f"cut {self.name} {cut}"] += 1
        await asyncio.sleep(0.005)  # what was written arrives before the reset
        return False


class Proxy:
    """All legs, on a thread of their own."""

    def __init__(self, kinds, seed):
        self.loop = asyncio.new_event_loop()
        self.legs = {name: Leg(name, kind, f"{seed}/{name}") for name, kind in kinds.items()}
        self.servers = []
        self.thread = threading.Thread(target=self.loop.run_forever, name="proxy", daemon=True)
        self.thread.start()
        for leg in self.legs.values():
            leg.port = asyncio.run_coroutine_threadsafe(self._listen(leg), self.loop).result(10)

    async def _listen(self, leg):
        server = await asyncio.start_server(leg.client, "127.0.0.1", 0)
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    def _call(self, fn):
        self.loop.call_soon_threadsafe(fn)

    def cut(self, name, where):
        """The next message of that leg is the last of its connection: whole ("boundary"), or not even that ("inside")."""
        self._call(lambda: self.legs[name].cuts.append(where))

    def slow(self, name, seconds):
        self._call(lambda: setattr(self.legs[name], "delay_s", seconds))

    def silent(self, name, on):
        self._call(lambda: setattr(self.legs[name], "silent", on))

    def well(self):
        """No faults any more."""
        def heal():
            for leg in self.legs.values():
                leg.cuts.clear()
                leg.delay_s, leg.silent = 0.0, False
        self._call(heal)

    def done(self):
        total = collections.Counter()
        for leg in self.legs.values():
            total.update(leg.done)
        return total

    def end(self):
        async def close():
            for server in self.servers:
                server.close()
            for leg in self.legs.values():
                for pair in leg.connections:
                    for writer in pair:
                        writer.transport.abort()
        asyncio.run_coroutine_threadsafe(close(), self.loop).result(proc.HANG_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(proc.HANG_S)
