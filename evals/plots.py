"""Plots as SVG that stands in the page; their words are text, set in the reader's own fonts. matplotlib lives only here."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from evals.measures import LOWER_IS_BETTER, NAMES, USAGE
from evals.records import Interval

_CELL, _ROW = 0.62, 0.32  # inches of a column and of a row
_LEFT, _LINE = 0.95, 0.17  # inches for the categories' names, and for a line of the measures' names
_CHINESE_EM = 0.155  # inches that one Chinese character takes at the size of the labels


def heat_map(categories: Mapping[str, Mapping[str, Interval]], names: Mapping[str, str]) -> str:
    """Category × measure; green is good, whichever way the measure counts. ``names`` gives the categories' titles."""
    measures = [m for m in NAMES if not m.startswith("latency") and m not in USAGE and any(m in row for row in categories.values())]
    if not measures:
        return ""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    titles = [_folded(NAMES[measure]) for measure in measures]
    top = _LINE * max(map(len, titles)) + 0.15
    width, height = _LEFT + _CELL * len(measures) + 0.1, top + _ROW * len(categories) + 0.1
    figure = Figure(figsize=(width, height))
    place = (_LEFT / width, 0.1 / height, _CELL * len(measures) / width, _ROW * len(categories) / height)
    axes = figure.add_axes(place)
    grid = [[_goodness(m, row.get(m)) for m in measures] for row in categories.values()]
    shades = LinearSegmentedColormap.from_list("good", ["#e2776b", "#f3bd8b", "#f9e79f", "#eaf4ea", "#82c491"]).with_extremes(bad="#ffffff")
    axes.pcolormesh(grid, cmap=shades, vmin=0.5, vmax=1.0, edgecolors="white", linewidth=1.5)
    axes.invert_yaxis()
    for y, row in enumerate(categories.values()):
        for x, measure in enumerate(measures):
            if measure in row:
                axes.text(x + 0.5, y + 0.5, _short(row[measure].mean), ha="center", va="center", fontsize=8.5)
    axes.set_xticks([x + 0.5 for x in range(len(measures))], ["\n".join(title) for title in titles], fontsize=8.5)
    axes.set_yticks([y + 0.5 for y in range(len(categories))], [names.get(c, c) for c in categories], fontsize=8.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return _svg(figure, "分类与指标的热力图")


def _folded(name: str) -> list[str]:
    """A title in lines that fit a column."""
    size = int(_CELL / _CHINESE_EM)
    return [name[i : i + size] for i in range(0, len(name), size)]


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if 0 < value < 1 else f"{value:.0f}"


def _goodness(measure: str, found: Interval | None) -> float:
    if found is None:
        return float("nan")
    return 1 - found.mean if measure in LOWER_IS_BETTER else found.mean


def histogram(values: Sequence[float]) -> str:
    """How long answers took, in milliseconds; the axis ends at the 99th percentile, and what lies beyond stands in the last bar."""
    if not values:
        return ""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 2.2), layout="constrained")
    axes = figure.add_subplot()
    end = float(np.quantile(values, 0.99)) or 1.0
    axes.hist(np.minimum(values, end), bins=30, range=(0.0, end), color="#4a6fa5")
    for share, label in ((0.5, "p50"), (0.95, "p95")):
        at = float(np.quantile(values, share))
        axes.axvline(at, color="#a93226", linewidth=1)
        top = (at, axes.get_ylim()[1])
        axes.annotate(f"{label} {at:.0f}", top, textcoords="offset points", xytext=(3, -10), fontsize=8.5, color="#a93226")
    axes.set_xlabel("毫秒", fontsize=8.5)
    axes.set_ylabel("题数", fontsize=8.5)
    axes.tick_params(labelsize=8.5)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure, "用时分布直方图")


def _svg(figure: Any, title: str) -> str:
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "ningwen"}):
        warnings.simplefilter("ignore", UserWarning)  # the plot's font has no Chinese; the page's reader sets the text
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", buffer.getvalue(), flags=re.DOTALL)
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
