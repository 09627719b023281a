"""A package that knows adaptlearn; adaptlearn knows nothing of it."""

from pathlib import Path

KIOSK = Path(__file__).parent / "kiosk-v1"
