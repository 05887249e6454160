"""Figures of rounds: medians with their spread, and ratios that are made round by round."""
import statistics


def spread(values, digits=3):
    return {"median": round(statistics.median(values), digits), "min": round(min(values), digits), "max": round(max(values), digits)}


def ratios(above, below, what):
    """The ratio of each round of `above` to the same round of `below`, and its spread. Both were measured side by side, so that a slow
    moment of the machine is in both."""
    if len(above) != len(below) or not below:
        raise ValueError(f"{what}: {len(above)} rounds against {len(below)}")
    each = [a / b for a, b in zip(above, below)]
    return {"what": what, **spread(each), "rounds": [round(r, 4) for r in each]}


def rates(name, values):
    """A row of a table: what happens in a second."""
    return {"what": name, **{key + "_per_s": value for key, value in spread(values, 1).items()}, "rounds": [round(v, 1) for v in values]}


def difference(long, short, triggers):
    """What one of `triggers` more costs, by key: two counts of the same keys, of a longer and a shorter run."""
    return {key: (long.get(key, 0) - short.get(key, 0)) / triggers for key in {*long, *short}}
