""""Did you mean": the known word that is a few typing errors away from an unknown one, by the measure of src/base/nearest.c."""


def distance(a, b):
    """Letters to insert, delete or exchange, and neighbours to swap."""
    above2, above = None, list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            row.append(min(above[j + 1] + 1, row[j] + 1, above[j] + (x != y)))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                row[j + 1] = min(row[j + 1], above2[j - 1] + 1)
        above2, above = above, row
    return above[len(b)]


def meant(word, known):
    """", did you mean 'KNOWN'?" or nothing."""
    best, found = len(word[:40]) // 4 + 3, None
    for one in known:
        far = distance(word[:40], one)
        if far > 2 and len(word) > 1 and one.startswith(word):
            far = 2  # a beginning of it
        elif 2 * far > max(len(word), len(one)):
            continue  # more than half of it is wrong: another word
        if far < best and far < len(word):
            best, found = far, one
    return f", did you mean '{found}'?" if found else ""
