"""Tables for people and for programs: aligned columns, or the same rows as JSON."""

import errno
import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

#: what would mend an error of the system; else ``PERMITTED``
MENDS = {
    errno.ENOENT: "needed a file that is there, or for a new one a folder that may be written",
    errno.ENOSPC: "needed room on that disk; what stood there is whole",
}
PERMITTED = "needed a place that you may read and write, e.g. a folder below your home"


def show(
    rows: Sequence[dict[str, Any]], *, format: str = "table", title: str = "", notes: Sequence[str] = (),
    more: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Print rows: a table with right-aligned numbers, or JSON with plain numbers.

    Args:
        more: what JSON has to carry beside the rows; they then become one of its entries, ``rows``.

    Raises:
        ValueError: an unknown format.
    """
    if format == "json":
        plain = [{k: _plain(v) for k, v in row.items()} for row in rows]
        print(json.dumps(plain if more is None else {"rows": plain, **_tree(more)}, indent=2))
        return
    if format != "table":
        raise ValueError(f"format={format}; needed table or json, e.g. format=json")
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold", show_edge=False
    )
    for name in rows[0] if rows else []:
        numeric = all(isinstance(row[name], (int, float, tuple)) or row[name] is None for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*(cell(v) for v in row.values()))
    width = None if sys.stdout.isatty() else 140
    console = Console(highlight=False, width=width)
    console.print(table)
    for note in notes:
        console.print(f"[dim]{note}[/dim]")


def sentence(error: Exception) -> str:
    """What an error says: in one line, if it says one thing; of the system's own errors, what would mend them, too."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror.lower()}; {MENDS.get(error.errno or 0, PERMITTED)}"
    faults = getattr(error, "faults", ())
    if len(faults) != 1:
        return str(error)
    file, about = faults[0].file, getattr(error, "about", "")
    within = about and file.endswith((".csv", ".toml")) and not about.endswith(file)  # a file of a folder
    return f"{about}: {faults[0]}" if within else str(faults[0])


def cell(value: Any) -> str:
    """One value for people: a difference as mean ± half-width, floats with three decimals, large ones with none."""
    if value is None:
        return "–"
    if isinstance(value, tuple) and len(value) == 2:
        return f"{value[0]:+.4f} ± {value[1]:.4f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
    return str(value)


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {k: _plain(v) for k, v in value._asdict().items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else list(value) if isinstance(value, tuple) else value


def _tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _tree(v) for k, v in value.items()}
    return [_tree(v) for v in value] if isinstance(value, (list, tuple)) else _plain(value)


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Any]:
    """A line that says what is going on, for what may take more than two seconds; on stderr, gone when done."""
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda text: status.update(f"{what} · {text}")
