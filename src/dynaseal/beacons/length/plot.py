"""Draws a beacon plan as an SVG document.

Written by hand: it is a few lines over a grid, and a plotting library would be larger than dynaseal itself.
"""

from collections.abc import Callable
from html import escape

from dynaseal.beacons.length.plans import BeaconPlan, LengthPlan

_WIDTH, _HEIGHT = 760, 420
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 50, 740, 330
_LINES: tuple[tuple[str, str, Callable[[LengthPlan], float]], ...] = (
    ("#0072b2", "of the items found are false matches", lambda plan: plan.false_positive_rate),
    ("#d55e00", "of the items an observer guesses right", lambda plan: plan.guessed),
    ("#cc79a7", "of the values share their beacon with no other", lambda plan: plan.alone),
    ("#555555", "of a value's bits are revealed by its beacon", lambda plan: plan.learned_bits),
)


def plot_beacon_plan(plan: BeaconPlan) -> str:
    """Draw a beacon plan.

    Args:
        plan: The result of `plan_beacon`.

    Returns:
        An SVG document: percentages by length, with the recommended length marked.

    Example:
        >>> from dynaseal import plan_beacon
        >>> plot_beacon_plan(plan_beacon([{"city": {"S": "Bern"}}], "city")).startswith("<svg ")
        True
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="13">'
    )
    title = f"A beacon over {plan.attribute}: {plan.values} values in {plan.sampled_items} items"
    parts = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 28, title, size=16),
        *_grid(plan),
        *_recommendation(plan),
    ]
    for row, (colour, label, measure) in enumerate(_LINES):
        whole = plan.value_bits or 1.0 if measure is _LINES[-1][2] else 1.0
        parts += [_line(plan, colour, measure, whole), *_legend(row, colour, label)]
    return "\n".join([*parts, "</svg>\n"])


def _grid(plan: BeaconPlan) -> list[str]:
    parts = [
        f'<path d="M{_LEFT} {_y(share):.1f}H{_RIGHT}" stroke="#dddddd"/>'
        + _text(_LEFT - 8, _y(share) + 4, f"{share:.0%}", anchor="end")
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    step = max(len(plan.lengths) // 12, 1)
    shown = [each.length for each in plan.lengths if (each.length - 1) % step == 0]
    parts += [_text(_x(plan, length), _BOTTOM + 18, str(length), anchor="middle") for length in shown]
    return [
        *parts,
        _text((_LEFT + _RIGHT) / 2, _BOTTOM + 36, "length of the beacon in bits", anchor="middle"),
    ]


def _recommendation(plan: BeaconPlan) -> list[str]:
    if plan.recommended is None:
        return [_text(_RIGHT, _TOP - 6, "no length hides the values", anchor="end")]
    x = _x(plan, plan.recommended)
    return [
        f'<path d="M{x:.1f} {_TOP}V{_BOTTOM}" stroke="#009e73" stroke-dasharray="5 4"/>',
        _text(x, _TOP - 6, f"{plan.recommended} bits", anchor="middle"),
    ]


def _line(plan: BeaconPlan, colour: str, measure: Callable[[LengthPlan], float], whole: float) -> str:
    points = " ".join(f"{_x(plan, each.length):.1f},{_y(measure(each) / whole):.1f}" for each in plan.lengths)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _legend(row: int, colour: str, label: str) -> list[str]:
    x, y = _LEFT + 340 * (row % 2), _BOTTOM + 60 + 20 * (row // 2)
    return [f'<path d="M{x} {y - 4}h24" stroke="{colour}" stroke-width="2"/>', _text(x + 32, y, label)]


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="#222222">'
        f"{escape(text)}</text>"
    )


def _x(plan: BeaconPlan, length: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (length - 1) / max(len(plan.lengths) - 1, 1)


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share
