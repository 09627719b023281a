"""A bundle's folder: written whole or not at all, and opened only if nothing in it has changed."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

SUMS = "SHA256SUMS"
NEEDED = ("policy.onnx", "contract.json", "catalogue.json", "rules.toml", "golden.jsonl", "card.md")
OPTIONAL = ("report.json",)
MOST_BYTES = 1 << 28  #: of one file; a bundle is small


class Refused(ValueError):
    """Something that cannot be honoured: the field, what was found, what is needed, and an example."""

    def __init__(self, field: str, found: object, needed: str, example: str = ""):
        self.field, self.found, self.needed, self.example = field, str(found), needed, example
        such = f"; e.g. {example}" if example else ""
        super().__init__(f"{field}: found {_short(self.found)}; needed {needed}{such}")

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str, str, str]]:
        return Refused, (self.field, self.found, self.needed, self.example)


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[:most]} ..."


def nearest(word: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """The known word most like the given one; the first where nothing is like it."""
    words = list(known)
    close = get_close_matches(word, words, n=1, cutoff=0.3)
    return close[0] if close else (words[0] if words else "")


def checksum(blob: bytes) -> str:
    """SHA-256 as hexadecimal."""
    return hashlib.sha256(blob).hexdigest()


def write_folder(folder: str | Path, files: Mapping[str, bytes]) -> Path:
    """Write files and their checksums beside each other; the folder appears whole or not at all.

    A bundle that stood there before is replaced; anything else that stands there is refused.

    Raises:
        Refused: the place is taken by something that is not a bundle.
    """
    target = Path(folder).resolve()
    if target.exists() and not (target.is_dir() and ((target / SUMS).exists() or not any(target.iterdir()))):
        raise Refused("folder", target.name, "a new folder, or a bundle to be replaced", "agents/mine/bundle")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        for name, blob in files.items():
            _write(draft / name, blob)
        _write(draft / SUMS, _lines({name: checksum(blob) for name, blob in files.items()}))
        draft.chmod(0o755)
        _swap(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _write(path: Path, blob: bytes) -> None:
    with path.open("wb") as file:
        file.write(blob)
        file.flush()
        os.fsync(file.fileno())


def _swap(draft: Path, target: Path) -> None:
    """Put the draft in the target's place; what stood there is moved aside first and comes back if that fails."""
    if not target.exists():
        os.replace(draft, target)
        return
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-old-"))
    os.replace(target, aside / "old")
    try:
        os.replace(draft, target)
    except BaseException:
        os.replace(aside / "old", target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read_folder(folder: str | Path) -> dict[str, bytes]:
    """The files of a bundle by name, each as it was sealed.

    Raises:
        Refused: not a bundle, a file missing, cut short or changed; the field is the file's name.
    """
    place = Path(folder)
    if not (place / SUMS).is_file():
        raise Refused(SUMS, "no such file", f"a bundle's folder, with {SUMS} in it", "agents/syllabus/bundle")
    sums = _sums((place / SUMS).read_bytes())
    missing = [name for name in NEEDED if name not in sums]
    if missing:
        raise Refused(SUMS, f"no line for {', '.join(missing)}", f"a line for each of {', '.join(NEEDED)}")
    files = {}
    for name, expected in sums.items():
        if not (place / name).is_file():
            raise Refused(name, "no such file", f"the file that {SUMS} lists")
        if (place / name).stat().st_size > MOST_BYTES:
            raise Refused(name, f"{(place / name).stat().st_size} bytes", f"at most {MOST_BYTES}")
        files[name] = (place / name).read_bytes()
        found = checksum(files[name])
        if found != expected:
            raise Refused(
                name, f"checksum {found[:12]}", f"{expected[:12]}, as sealed: the file was changed or cut short"
            )
    return files


def _sums(blob: bytes) -> dict[str, str]:
    sums = {}
    for number, line in enumerate(blob.decode("utf-8", "replace").split("\n")[:-1], 1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or name not in (*NEEDED, *OPTIONAL):
            raise Refused(
                f"{SUMS} line {number}", repr(line), f"a checksum and one of {', '.join((*NEEDED, *OPTIONAL))}"
            )
        sums[name] = digest
    if _lines(sums) != blob:
        raise Refused(SUMS, f"{len(blob)} bytes", "one line per file, sorted by name, as it was sealed")
    return sums


def _lines(sums: Mapping[str, str]) -> bytes:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
