"""An LMS's catalogue export as the beginning of a world: what it says is taken over, what it implies is guessed and
marked, what it lacks stays blank and is named by sheet and cell.

No catalogue knows what an activity asks for, nor which skills a role needs: that is for people to fill in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.interchange.book import ACTIVITIES, SKILLS, Book, Rows, about_rows, world_of
from adaptlearn.interchange.cells import number_of
from adaptlearn.interchange.moments import minutes
from adaptlearn.interchange.peek import Torn, peek
from adaptlearn.interchange.portions import portions
from adaptlearn.interchange.presets import Preset, unit_of

CATALOGUE = Preset(
    "a catalogue of courses: Moodle, Cornerstone, SuccessFactors, or any with a column of titles",
    {"title": ("Course title", "Course full name", "fullname", "Training Title", "Item Title", "Title", "Course name",
               "Course", "Name", "Kurstitel", "Vollständiger Kursname", "Kursname", "Schulungstitel", "Titel", "Kurs",
               "Bezeichnung"),
     "id": ("Course ID", "ID number", "idnumber", "shortname", "Course short name", "Item ID", "Training Object ID",
            "Kurs-ID", "Kurzer Kursname", "Kursnummer", "ID"),
     "kind": ("Training Type", "Item Type", "Delivery Method", "Course type", "Type", "Format", "Kurstyp",
              "Schulungsart", "Lernformat", "Typ", "Art"),
     "minutes": ("Duration (min)", "Minutes", "Training Hours", "Total Hours", "Hours", "Duration", "Length",
                 "Dauer (min)", "Dauer (Std.)", "Dauer", "Minuten", "Stunden"),
     "skills": ("Skills", "Skill", "Competencies", "Competency", "Topics", "Topic", "Subject", "Tags", "Kompetenzen",
                "Kompetenz", "Themen", "Thema", "Schlagworte"),
     "requires": ("Prerequisites", "Prerequisite skills", "Voraussetzungen"),
     "cost": ("Price", "Cost", "Preis", "Kosten"),
     "capacity": ("Seats", "Maximum registration", "Plätze", "Max. Teilnehmer")},
    ("title",),
)  # fmt: skip
KINDS = (  # what an LMS calls it -> our word, its modes, further columns
    (r"video|film|screencast", "video", "visual:0.6;auditory:0.4", {}),
    (r"virtual|webinar|live online|vilt", "lecture", "visual:0.4;auditory:0.6",
     {"timing": "sync_scheduled", "social": "cohort"}),
    (r"classroom|instructor|\bilt\b|event|session|präsenz|seminar|workshop|vortrag|lecture", "lecture",
     "visual:0.4;auditory:0.6", {"timing": "sync_scheduled", "delivery": "in_person", "social": "cohort"}),
    (r"test|quiz|assessment|exam|prüfung", "quiz", "visual:0.2;textual:0.8",
     {"interactivityType": "active", "assessmentRole": "formative"}),
    (r"simulation", "simulation", "visual:0.5;kinesthetic:0.5", {"interactivityType": "active"}),
    (r"case|fallstudie", "case_study", "visual:0.25;textual:0.75", {"interactivityType": "mixed"}),
    (r"coach", "coaching_session", "auditory:0.5;kinesthetic:0.5", {"social": "coach", "timing": "on_demand"}),
    (r"mentor", "mentoring_session", "auditory:1", {"social": "mentor", "timing": "on_demand"}),
    (r"discussion|forum|diskussion", "discussion", "textual:1", {"social": "peer", "interactivityType": "active"}),
    (r"project|projekt", "project", "kinesthetic:1", {"interactivityType": "active"}),
    (r"on.the.job|\bojt\b|praxis", "on_the_job_task", "kinesthetic:1",
     {"place": "job_site", "delivery": "in_person", "interactivityType": "active"}),
    (r"material|document|dokument|pdf|reading|artikel|book|buch|seite|page", "reading", "textual:1", {}),
    (r"e-?learning|online|\bwbt\b|web.based|scorm|self.paced|kurs|course", "reading",
     "visual:0.3;auditory:0.2;textual:0.5", {"interactivityType": "mixed"}),
)  # fmt: skip
BUNDLE = r"curriculum|program|certification|learning path|lehrplan|lernpfad|zertifizierung"


@dataclass
class Imported:
    """A catalogue as the sheets of a workbook."""

    rows: dict[str, Rows]
    guessed: dict[str, str] = field(default_factory=dict)  # cell -> from what
    left_out: list[tuple[int, str]] = field(default_factory=list)  # line, why

    def missing(self) -> list[Fault]:
        """What people must still fill in, by sheet and cell."""
        try:
            world_of(Book("catalogue", self.rows))
        except Refusal as refusal:
            return list(refusal.faults)
        return []


def read(path: str | Path, encoding: str | None = None) -> Imported:
    """Read an export of courses.

    Raises:
        Refusal: no column of titles, no course, a damaged file.
    """
    file = Path(path)
    try:
        entries = list(_entries(file, encoding))
    except Torn as torn:
        raise Refusal([Fault(file.name, None, "", str(torn), "a whole table", "export it again")]) from torn
    made = Imported({"World": about_rows(), "Skills": [], "Activities": [], "Roles": [], "Rules": []})
    skills: dict[str, str] = {}
    taken: set[str] = {"nothing-now"}
    for line, entry in entries:
        if not entry["title"]:
            made.left_out.append((line, "no title"))
        elif re.search(BUNDLE, entry.get("kind", ""), re.I):
            made.left_out.append((line, f"{entry['kind']}: a bundle of other entries"))
        else:
            _activity(made, entry, skills, taken)
    if not made.rows["Activities"]:
        raise Refusal([Fault(file.name, None, "", "no course with a title", "at least one row", "Fire safety")])
    made.rows["Skills"] = [_row(SKILLS, id=name, title=title) for title, name in skills.items()]
    return made


def _entries(file: Path, encoding: str | None) -> Iterator[tuple[int, dict[str, str]]]:
    look = peek(file, encoding)
    header = next(((line, row) for line, row in look.rows if "title" in CATALOGUE.places(row)), None)
    if header is None:
        shown = next((row for _, row in look.rows if any(row)), ())
        needed = "a column of titles: Title, Course title, Training Title, Item Title, Kurstitel ..."
        raise Refusal([Fault(file.name, 1, "", f"the columns {some_of(shown, 20)}", needed, "Title")])
    places, decimal = CATALOGUE.places(header[1]), look.decimal(header[0])
    unit = unit_of(header[1][places["minutes"]]) if "minutes" in places else 1.0
    for portion in portions(file, look, header[0]):
        for at, line in enumerate(portion.lines.tolist()):
            cells = portion.row(at)
            entry = {name: cells[place].strip() for name, place in places.items()}
            yield line, entry | {"minutes": _minutes(entry.get("minutes", ""), unit, decimal)}


def _minutes(text: str, unit: float, decimal: str) -> str:
    spelt = minutes(text)
    try:
        value = spelt if spelt is not None else float(number_of(text, decimal)) * unit
    except ValueError:
        return ""
    return f"{value:g}" if value > 0 else ""


def _activity(made: Imported, entry: dict[str, str], skills: dict[str, str], taken: set[str]) -> None:
    """One course as a row of Activities; its skills as rows of Skills."""
    row, given = len(made.rows["Activities"]) + 2, entry.get("kind", "")
    for title in _words(entry.get("skills", "")) + _words(entry.get("requires", "")):
        skills.setdefault(title, _id(title, set(skills.values())))
    guess = next(((word, modes, more) for stem, word, modes, more in KINDS if re.search(stem, given, re.I)), None)
    named = entry.get("id") or entry["title"]
    cells = {
        "id": _id(named, taken), "title": entry["title"], "timeRequired": entry["minutes"],
        "teaches": ";".join(f"{skills[title]}:1" for title in _words(entry.get("skills", ""))),
        "competencyRequired": ";".join(skills[title] for title in _words(entry.get("requires", ""))),
        "cost": _plain(entry.get("cost", "")), "capacity": _plain(entry.get("capacity", "")),
    }  # fmt: skip
    book = Book("", made.rows)
    if re.search(r"-\d+$", cells["id"]) and _id(named, set()) != cells["id"]:
        made.guessed[book.cell("Activities", row, "id")] = (
            f"{named!r} stands there before: once more, or another session?"
        )
    if guess:
        word, modes, more = guess
        implied = {"learningResourceType": word, "accessMode": modes, **more}
        if "assessmentRole" in implied:  # a test without questions is none: people say how many on which skill
            del implied["assessmentRole"]
        cells |= implied
        made.guessed |= {book.cell("Activities", row, column): f"{column} guessed from {given!r}" for column in implied}
    made.rows["Activities"].append(_row(ACTIVITIES, **cells))


def _row(columns: tuple[str, ...], **cells: str) -> list[str]:
    return [cells.get(column, "") for column in columns]


def _words(text: str) -> list[str]:
    """Skills of a cell, parted by ; , | or a line break."""
    return list(dict.fromkeys(word.strip() for word in re.split(r"[;,|\n]", text) if word.strip()))


def _plain(text: str) -> str:
    found = re.search(r"\d+(?:[.,]\d+)?", text)
    return found[0].replace(",", ".") if found else ""


def _id(text: str, taken: set[str]) -> str:
    """An id that a world accepts and nobody has yet; umlauts are written out."""
    plain = text.casefold()
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        plain = plain.replace(letter, written)
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "activity"
    name = next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, 100_000))) if name not in taken)
    taken.add(name)
    return name
