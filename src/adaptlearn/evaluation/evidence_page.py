"""The evidence table as a part of a Markdown file: a page of the documentation, a world's card."""

from adaptlearn.evaluation.contrasts import Conflict
from adaptlearn.evaluation.evidence import Row, verdict

BEGIN, END = "<!-- evidence -->", "<!-- end of evidence -->"
MINUS = "\N{MINUS SIGN}"


def part(rows: list[Row], conflicts: tuple[Conflict, ...], command: str) -> str:
    """Table, verdict, and the conflicts that concern these rows, between marks."""
    shown = {row["contrast"] for row in rows}
    near = [one for one in conflicts if shown & set(one.anchors)]
    lines = [BEGIN, f"`{command}`: {verdict(rows)}.", ""]
    lines += ["| contrast | question | published | effect | 95 % | stands | inside |", "|---|---|---|---|---|---|---|"]
    lines += [_line(row) for row in rows]
    if near:
        lines += ["", "Where published numbers disagree:", ""]
        lines += [f"- {one.what.replace('-.', MINUS + '.')} *Here:* {one.here}" for one in near]
    return "\n".join([*lines, END])


def _line(row: Row) -> str:
    effect, ci = row["effect"], row["ci"]
    inside = {None: "", True: "yes", False: "**no**"}[row["inside"]]
    cells = (
        row["contrast"], row["quantity"], f"{row['low']:.2f} to {row['high']:.2f} {row['unit']}",
        "not run" if effect is None else f"{effect:.2f}", "" if ci is None else f"{ci[0]:.2f} to {ci[1]:.2f}",
        row["standing"], inside if row["standing"] != "shown only" else f"({inside})",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |".replace("-0.00", "0.00").replace(" -", f" {MINUS}")


def inserted(text: str, new: str) -> str:
    """A file with a new part between the marks; before its history, or at its end, where it has none."""
    if BEGIN in text:
        return text[: text.index(BEGIN)] + new + text[text.index(END) + len(END) :]
    before, history, after = text.partition("\n## History")
    return f"{before.rstrip()}\n\n## Evidence\n\n{new}\n{history}{after}"
