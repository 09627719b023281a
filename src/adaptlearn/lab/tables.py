"""Tables for people and for programs: aligned columns, or the same rows as JSON."""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


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
    """What an error says: in one line, if it says one thing."""
    faults = getattr(error, "faults", ())
    return str(faults[0]) if len(faults) == 1 and not faults[0].file.endswith((".csv", ".toml")) else str(error)


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
