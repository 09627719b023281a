"""Write what is made from lists in the code: tables of docs/privacy.md, sections of docs/runbook.md, deploy/alerts.yml.

    python scripts/papers.py

``tests/export/test_papers.py`` holds the files to it.
"""

import json
import sys
from pathlib import Path

from adaptlearn.core.keep import keep
from adaptlearn.export.serve import alerts, privacy

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- written by scripts/papers.py -->\n", "<!-- end of what is written -->\n"


def papers() -> dict[Path, str]:
    """Every file as it should stand."""
    contract = json.loads((ROOT / "agents" / "mastery-onboarding" / "bundle" / "contract.json").read_text("utf-8"))
    pages = {"privacy.md": privacy.markdown(contract["record"]), "runbook.md": alerts.runbook()}
    return {ROOT / "docs" / name: placed(ROOT / "docs" / name, text) for name, text in pages.items()} | {
        ROOT / "deploy" / "alerts.yml": alerts.rules()
    }


def placed(page: Path, text: str) -> str:
    """A page with the text between its two marks."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


if __name__ == "__main__":
    for path, text in papers().items():
        keep(path, text)
        print(path.relative_to(ROOT), file=sys.stderr)
