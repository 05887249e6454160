"""Charts of what a bench found, as SVG: written here, for no library is needed for a few bars and lines."""
import html
import math

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 70, 24, 46, 44
INK, GRID, BLUE, ORANGE, GREEN, RED = "#222222", "#dddddd", "#2f6fb3", "#d9822b", "#3d8b40", "#b3362f"


def text(x, y, words, anchor="start", size=12, color=INK):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{html.escape(words)}</text>'


def line(x1, y1, x2, y2, color=GRID, width=1.0, dashes=""):
    more = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width:g}"{more}/>'


def svg(height, title, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
                      f'font-family="sans-serif">', f"<title>{html.escape(title)}</title>", f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
                      text(LEFT - 50, 24, title, size=15), *parts, "</svg>"]) + "\n"


def nice(value):
    """The next number that five steps divide well."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.999999)


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


# -- the figures of the table, each beside what it must and should be

def targets(rows):
    """One bar a figure, as its share of what it must be; the whisker is the spread of the rounds. Right of the line is better, always."""
    found = [t for row in rows.values() for t in row["targets"] if t["must"] is not None]
    height, parts = TOP + 52 * len(found) + 30, []
    most, left = 2.5, 20
    scale = (WIDTH - left - RIGHT) / most
    must_x = left + scale
    for at, t in enumerate(found):
        y = TOP + 52 * at
        share = [min(most, s) for s in (share_of(t, t[key]) for key in ("median", "min", "max"))]
        color = {"aim": GREEN, "must": BLUE, "no": RED}[t["reached"]]
        sign = "at most" if t["at"] == "most" else "at least"
        parts += [text(left, y + 14, t["what"]), text(WIDTH - RIGHT, y + 14, f"{t['median']:.4g} {t['unit']} ({sign} {t['must']:g}, aim {t['aim']:g})", "end"),
                  f'<rect x="{left}" y="{y + 20}" width="{max(1, share[0] * scale):.1f}" height="16" fill="{color}"/>',
                  line(left + share[1] * scale, y + 28, left + share[2] * scale, y + 28, INK, 1.5)]
        aim = left + min(most, share_of(t, t["aim"])) * scale
        parts += [line(aim, y + 17, aim, y + 39, INK, 1.2, "3 3"), line(must_x, y + 17, must_x, y + 39, INK, 1.2)]
    parts.append(text(must_x, height - 10, "upright: what it must be; dashed: the aim; across: spread of the rounds", "middle", 11))
    return svg(height, "Figures beside what they must be (further right is better)", parts)


def share_of(target, value):
    """1: just what it must be; more is better."""
    if not value or not target["must"]:
        return 0.0
    return target["must"] / value if target["at"] == "most" else value / target["must"]


# -- curves over what grows

def curve(name, found):
    """x: logarithmic, 0 stands at its left end; y: from 0."""
    points = found["points"]
    height = 300
    logs = [math.log10(max(x, 0.1)) for x, _ in points]
    low, high = min(logs), max(logs)
    top = nice(max(y for _, y in points))
    span = high - low or 1.0

    def x_of(log):
        return LEFT + (log - low) / span * (WIDTH - LEFT - RIGHT)

    def y_of(value):
        return height - BOTTOM - value / top * (height - TOP - BOTTOM)

    parts = []
    for step in range(6):
        value = top * step / 5
        parts += [line(LEFT, y_of(value), WIDTH - RIGHT, y_of(value)), text(LEFT - 6, y_of(value) + 4, short(value), "end", 11)]
    places = [(x_of(log), y_of(y)) for log, (_, y) in zip(logs, points)]
    parts.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (BLUE, " ".join(f"{x:.1f},{y:.1f}" for x, y in places)))
    for (x, y), (n, value) in zip(places, points):
        anchor = "start" if x < LEFT + 20 else "end" if x > WIDTH - RIGHT - 20 else "middle"
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{ORANGE}"/>', text(x, y - 9, short(value), anchor, 11),
                  text(x, height - BOTTOM + 18, f"{n:,}", anchor, 11)]
    parts.append(text(WIDTH / 2, height - 8, name, "middle", 11))
    return svg(height, found["what"], parts)


def of(found):
    """[(name of the file, SVG)]."""
    charts = []
    if any(t["must"] is not None for row in found["rows"].values() for t in row["targets"]):
        charts.append(("figures", targets(found["rows"])))
    for name, row in found["rows"].items():
        for number, one in enumerate(row.get("curves", []), 1):
            charts.append((f"{name}-{number}", curve(name, one)))
    return charts
