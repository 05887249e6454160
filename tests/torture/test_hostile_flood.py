"""The flood of hostile messages: what it sends, and when the memory of the edges counts as flat."""
import os

import pytest
from torture import hostile

KIB = 1024


def looks(*octets, total=1000):
    """A memory that was looked at in even steps."""
    memory = hostile.Memory([7])
    for i, n in enumerate(octets):
        memory.looks.append((total * (i + 1) // len(octets), [n]))
    return memory


@pytest.mark.once
def test_the_corpus_has_messages_of_each_kind():
    corpus = hostile.Corpus(os.path.join(hostile.TESTS, "hostile"))
    assert len(corpus.stay) > 200 and len(corpus.close) > 50 and len(corpus.first) > 50
    assert len(corpus.weights) == len(corpus.stay)
    assert all(len(octets) >= 20 for octets in corpus.stay)


@pytest.mark.once
@pytest.mark.parametrize("octets", [[3000 * KIB] * 10, [1000 * KIB] + [3000 * KIB] * 9, [3000 * KIB] * 5 + [3900 * KIB] * 5, [100000 * KIB] * 5 + [104000 * KIB] * 5])
def test_flat(octets):
    assert looks(*octets).verdict(1000) is None


@pytest.mark.once
@pytest.mark.parametrize("octets", [[3000 * KIB + 400 * KIB * i for i in range(10)], [3000 * KIB] * 5 + [4100 * KIB] + [3000 * KIB] * 4,
                                    [100000 * KIB] * 5 + [106000 * KIB] * 5])
def test_not_flat(octets):
    assert "grew" in looks(*octets).verdict(1000)


@pytest.mark.once
def test_too_few_looks_are_no_verdict():
    assert "looks" in looks(1, 2).verdict(1000)
