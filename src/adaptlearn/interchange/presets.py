"""Whose export calls its columns what: one row per format. A new format is a new row.

Names are compared without case, and dots, underscores and runs of blanks count as one blank; ``Transcript - `` and the
like before a name, as Cornerstone's Reporting 2.0 writes them, are passed over. ``kc (*`` is any name that begins so.

Where the names come from: ASSISTments, OULAD (Kuzilek et al. 2017) and lpp (Gervet et al. 2020) from their files,
DataShop and pyKT from their documentation, Moodle from its language packs (English; German report_log), Cornerstone and
SuccessFactors from what customers' own scripts read. The German names of the generic transcript are ours to guess and
yours to name: ``columns.learner=Personalnummer``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from adaptlearn.interchange.xapi import COLUMNS as STATEMENTS

MILLISECOND = 1 / 86_400_000  #: in days
TRACED = ("learner", "skill", "correct")  #: what tracing knowledge needs
TAKEN = ("learner", "activity")  #: what a log of activities needs


@dataclass(frozen=True)
class Preset:
    """Names of columns in one kind of export."""

    title: str
    columns: Mapping[str, str | tuple[str, ...]]  # our name -> the file's, the first that is there
    needs: tuple[str, ...] = TRACED  # ours that must be there
    answers: Mapping[str, int] = field(default_factory=dict)  # further words for yes (1) and no (0), lower case
    otherwise: int | None = None  # what any other word means
    missing: frozenset[str] = frozenset()  # further words for "not known"
    units: Mapping[str, float] = field(default_factory=dict)  # our name -> factor to days, or to minutes
    dates: str | None = None  # dmy | mdy, for 03/04/2024; None: the file must show it

    def with_columns(self, columns: Mapping[str, str]) -> "Preset":
        """The same preset with other names for some columns; what is asked for by name must be there."""
        needs = tuple(dict.fromkeys((*self.needs, *columns)))
        return replace(self, columns={**self.columns, **columns}, needs=needs)

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Where each of our columns stands in a file with these names."""
        names = [plain_name(name) for name in header]
        found = {}
        for ours, theirs in self.columns.items():
            for alias in (theirs,) if isinstance(theirs, str) else theirs:
                at = next((at for at, name in enumerate(header) if name.strip() == alias), None)
                at = next((at for at, name in enumerate(names) if _is(name, alias)), None) if at is None else at
                if at is not None:
                    found[ours] = at
                    break
        return found


def plain_name(name: str) -> str:
    """A column's name for comparing: ``Transcript - Due_Date `` -> ``due date``."""
    short = re.sub(r"[._\s\u00a0]+", " ", name.casefold()).strip()
    return re.sub(r"^(user|transcript|training|session|course) - ", "", short)


def _is(name: str, alias: str) -> bool:
    stem = plain_name(alias.removesuffix("*"))
    return bool(name) and (name.startswith(stem) if alias.endswith("*") else name == stem)


def unit_of(theirs: str) -> float:
    """Minutes in one unit of a column, from its name: ``Training Hours`` -> 60."""
    name = plain_name(theirs)
    if re.search(r"hour|stunde|\bstd\b|\(h\)|\bhrs?\b", name):
        return 60.0
    if re.search(r"\bms\b|millise", name):
        return 1 / 60_000
    return 1 / 60 if re.search(r"\(s\)|\bsec|second|sekunde|\bsek\b", name) else 1.0


DONE = {word: 1 for word in (
    "completed", "complete", "passed", "pass", "attended", "finished", "done", "satisfied", "distinction", "yes", "y",
    "completed equivalent", "online complete", "abgeschlossen", "bestanden", "teilgenommen", "erledigt", "beendet",
    "absolviert", "ja", "erfolgreich", "erfolgreich abgeschlossen",
)}  # fmt: skip
OPEN = {word: 0 for word in (
    "not completed", "incomplete", "in progress", "not started", "registered", "enrolled", "assigned", "approved",
    "pending", "pending approval", "waitlisted", "withdrawn", "cancelled", "canceled", "no show", "not attended",
    "failed",
    "fail", "expired", "past due", "overdue", "denied", "removed", "no", "n", "open", "not passed", "in bearbeitung",
    "nicht begonnen", "nicht gestartet", "nicht abgeschlossen", "offen", "angemeldet", "registriert", "zugewiesen",
    "eingeschrieben", "abgebrochen", "nicht bestanden", "durchgefallen", "storniert", "abgelaufen", "nicht erschienen",
    "nicht teilgenommen", "überfällig", "begonnen", "gestartet", "warteliste", "abgemeldet", "nein", "ausstehend",
)}  # fmt: skip
STATUS = {**OPEN, **DONE}  #: what an LMS says of one person and one course; failed is not completed: the duty stands

ASSISTMENTS = frozenset(("na",))
DATASHOP = {"hint": 0, "ok": 1, "error": 0, "bug": 0, "unknown": 0}
MOODLE_DONE = {word: 1 for word in (
    "course activity completion updated", "course completed", "a submission has been submitted",
    "quiz attempt submitted",
    "aktivitätsabschluss aktualisiert", "kurs abgeschlossen", "testversuch abgegeben", "abgabe wurde eingereicht",
)}  # fmt: skip

PRESETS: dict[str, Preset] = {
    "assistments2009": Preset(
        "ASSISTments 2009-10 skill builder, with skill names",
        {"learner": "user_id", "skill": "skill_name", "correct": "correct", "order": "order_id", "item": "problem_id",
         "split": "split"},
        missing=ASSISTMENTS,
    ),
    "assistments2009_items": Preset(
        "ASSISTments 2009-10 with items and skill numbers, in the order of answers",
        {"learner": "user_id", "skill": "skill_id", "correct": "correct", "item": "problem_id", "order": "t"},
    ),
    "assistments": Preset(
        "ASSISTments 2012, 2015 and 2017",
        {"learner": ("user_id", "studentId"), "skill": ("skill", "skill_name", "sequence_id"), "correct": "correct",
         "item": ("problem_id", "problemId"), "day": ("start_time", "startTime"), "order": ("order_id", "log_id"),
         "minutes": ("ms_first_response", "ms_first_response_time"), "group": ("student_class_id", "SchoolId")},
        missing=ASSISTMENTS,
    ),
    "datashop": Preset(
        "DataShop and KDD Cup 2010, by transaction or by step",
        {"learner": "Anon Student Id", "skill": "KC*", "correct": ("Outcome", "First Attempt", "Correct First Attempt"),
         "item": ("Step Name", "Problem Name"), "day": ("Time", "First Transaction Time", "Step Start Time"),
         "minutes": ("Duration (sec)", "Step Duration (sec)"), "group": ("Class", "School")},
        answers=DATASHOP, missing=frozenset((".",)),
    ),
    "pykt": Preset(
        "pyKT's data.txt",
        {"learner": "uid", "skill": "concepts", "correct": "responses", "item": "questions", "day": "timestamps",
         "minutes": "usetimes"},
        missing=frozenset(("na", "-1")), units={"day": MILLISECOND, "minutes": 1 / 60_000},
    ),
    "lpp": Preset(
        "learner-performance-prediction: answers with seconds",
        {"learner": "user_id", "skill": "skill_id", "correct": "correct", "item": "item_id", "day": "timestamp"},
        units={"day": 1 / 86_400},
    ),
    "oulad_results": Preset(
        "OULAD studentInfo: who finished a module",
        {"learner": "id_student", "activity": "code_module", "completed": "final_result", "group": "region"},
        (*TAKEN, "completed"), answers=STATUS, missing=frozenset("?"),
    ),
    "oulad_registrations": Preset(
        "OULAD studentRegistration: who left a module, and when",
        {"learner": "id_student", "activity": "code_module", "day": "date_registration", "left": "date_unregistration"},
        (*TAKEN, "left"), missing=frozenset("?"),
    ),
    "oulad_scores": Preset(
        "OULAD studentAssessment: what was handed in",
        {"learner": "id_student", "activity": "id_assessment", "finished": "date_submitted", "score": "score"},
        (*TAKEN, "finished"), missing=frozenset("?"),
    ),
    "oulad_clicks": Preset(
        "OULAD studentVle: clicks a day",
        {"learner": "id_student", "activity": "id_site", "day": "date"}, (*TAKEN, "day"), missing=frozenset("?"),
    ),
    "moodle": Preset(
        "Moodle's log of events (Reports, Logs, Download)",
        {"learner": ("User full name", "Vollständiger Name", "userid", "user"),
         "activity": ("Event context", "Ereigniskontext"), "kind": ("Component", "Komponente"),
         "completed": ("Event name", "Ereignisname"), "day": ("Time", "Zeit", "timecreated")},
        (*TAKEN, "completed", "day"), answers=MOODLE_DONE, otherwise=0, missing=frozenset("-"), dates="dmy",
    ),
    "cornerstone": Preset(
        "Cornerstone: custom report on transcripts",
        {"learner": ("User ID", "User GUID", "Employee ID"), "activity": ("Training Title", "Training Object ID"),
         "kind": "Training Type", "completed": "Transcript Status",
         "assigned": ("Transcript Assigned Date", "Transcript Registration Date"), "started": "Training Start Date",
         "finished": ("Transcript Completed Date", "Transcript Completion Date"), "due": "Transcript Due Date",
         "minutes": ("Transcript Time in training (min)", "Training Hours"), "score": "Transcript Score",
         "group": ("Division", "Location")},
        (*TAKEN, "completed"), answers=STATUS,
    ),
    "successfactors": Preset(
        "SAP SuccessFactors Learning: learning history or item status",
        {"learner": ("User ID", "ID (User)", "Student ID", "Benutzer-ID"), "activity": ("Item ID", "Item Title"),
         "kind": ("Item Type", "Delivery Method"),
         "completed": ("Is Complete", "Completion Status", "Completion Status ID"),
         "assigned": ("Assign Date", "Assigned Date", "Assignment Date"), "due": "Required Date",
         "finished": "Completion Date", "score": "Grade", "minutes": ("Total Hours", "Credit Hours"),
         "group": ("Organization ID", "Job Location (User)")},
        (*TAKEN, "completed"), answers={**STATUS, "for credit": 1, "not for credit": 0},
    ),
    "transcript": Preset(
        "a corporate transcript: one row per person and course",
        {"learner": ("User ID", "Learner ID", "Employee ID", "Personnel number", "Employee number", "Student ID",
                     "Username",
                     "User", "Email", "Learner", "Employee", "Benutzer-ID", "Personalnummer", "Personal-Nr.",
                     "Mitarbeiternummer", "Mitarbeiter-ID", "Teilnehmer-ID", "Benutzername", "Teilnehmer",
                     "Mitarbeiter"),
         "activity": ("Course title", "Course name", "Course", "Training title", "Training", "Item title", "Activity",
                      "Title", "Kurstitel", "Kursname", "Kurs", "Schulungstitel", "Schulung", "Trainingstitel", "Titel",
                      "Lernobjekt", "Veranstaltung", "Maßnahme"),
         "kind": ("Course type", "Training type", "Type", "Format", "Kurstyp", "Schulungsart", "Lernformat",
                  "Typ", "Art"),
         "completed": ("Completion status", "Status", "Abschlussstatus", "Teilnahmestatus", "Bearbeitungsstatus"),
         "assigned": ("Assigned date", "Assigned on", "Enrolled on", "Enrollment date", "Registration date",
                      "Zugewiesen am", "Zuweisungsdatum", "Anmeldedatum", "Eingeschrieben am", "Registriert am"),
         "started": ("Start date", "Started on", "Startdatum", "Begonnen am", "Gestartet am", "Beginn"),
         "finished": ("Completion date", "Completed on", "Date completed", "Completed date", "Abschlussdatum",
                      "Abgeschlossen am", "Beendet am"),
         "due": ("Due date", "Deadline", "Fällig am", "Fälligkeitsdatum", "Frist"),
         "minutes": ("Time spent (min)", "Time spent", "Minutes", "Duration (min)", "Duration", "Hours",
                     "Training hours",
                     "Bearbeitungszeit (min)", "Bearbeitungszeit", "Lernzeit (min)", "Lernzeit", "Dauer (min)",
                     "Dauer (Std.)", "Dauer", "Minuten", "Stunden"),
         "score": ("Score", "Grade", "Punktzahl", "Punkte", "Ergebnis"), "rating": ("Rating", "Bewertung"),
         "group": ("Department", "Division", "Location", "Abteilung", "Bereich", "Standort"),
         "role": ("Job title", "Position", "Role", "Stelle", "Funktion"), "left": ("Leaving date", "Austrittsdatum")},
        TAKEN, answers=STATUS,
    ),
    "adaptlearn": Preset(
        "adaptlearn's own log of decisions (simulate log=..., or what a bundle logged)",
        {"learner": "learner", "activity": "taken", "completed": "completed", "day": "day", "minutes": "minutes",
         "rating": "rating", "offered": "offered", "accepted": "outcome", "propensity": "propensity", "role": "role",
         "group": "site", "score": "score"},
        (*TAKEN, "completed", "day", "propensity"), answers={"2": 0, "3": 0}, missing=frozenset(("nan",)),
    ),
    "answers": Preset(
        "adaptlearn's own table of answers (serve log to=answers.csv)",
        {"learner": "learner", "skill": "skill", "correct": "correct", "day": "day"},
    ),
    "statements": Preset(
        "xAPI statements as rows", {name: name for name in STATEMENTS}, (*TAKEN, "day"),
    ),
}  # fmt: skip


def recognised(header: Sequence[str]) -> str | None:
    """The preset that these names of columns are most like; None where no preset has all it needs."""
    fits = {name: places for name, preset in PRESETS.items()
            if set(preset.needs) <= set(places := preset.places(header))}  # fmt: skip
    return max(fits, key=lambda name: len(fits[name])) if fits else None
