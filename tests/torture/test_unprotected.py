"""The rounds of scripts/tunnel-ends: which one counts as promised."""
import pytest
from lablib import netns
from lablib.ndsip import GATEWAY, HOST
from torture import unprotected

ROAD = (GATEWAY, HOST, netns.UDP, 40000, unprotected.PROBE_PORT)
OURS = (GATEWAY, HOST, netns.TCP, 3868, 40000)
THEIRS = (HOST, GATEWAY, netns.TCP, 40000, 3868)


def seen(ends, cut_s=0.6, reported=True):
    one = unprotected.Seen("a way")
    one.take(ends)
    one.cut_s, one.reported = cut_s, reported
    return one


@pytest.mark.once
def test_as_promised():
    assert not seen([ROAD, THEIRS, THEIRS]).wrong()  # what the other end sends in clear text is its own


@pytest.mark.once
@pytest.mark.parametrize("one,words", [
    (seen([ROAD, OURS]), "1 packets of the gateway in clear text"), (seen([THEIRS]), "the road past the tunnel is closed"),
    (seen([ROAD], cut_s=1.01), "cut after 1.01 s"), (seen([ROAD], cut_s=None), "never cut"), (seen([ROAD], reported=False), "the report never came")])
def test_not_as_promised(one, words):
    assert words in one.wrong()


@pytest.mark.once
def test_the_ways_are_drawn_again_by_their_seed():
    names = [name for name, _ in unprotected.drawn(100, 7)]
    assert names == [name for name, _ in unprotected.drawn(100, 7)] != [name for name, _ in unprotected.drawn(100, 8)]
    assert set(names) == {*unprotected.WAYS, *unprotected.RARE} and names.count(list(unprotected.RARE)[0]) == 100 // unprotected.TURNS
