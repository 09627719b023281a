"""Laws of the event log: what is written is what is read, with units and provenance, whole or not at all."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from adaptlearn.core import log
from adaptlearn.core.log import COLUMNS, PROFILE, EventLog


def kind_of(name):
    kind = COLUMNS[name][0]
    return np.dtype(kind.removeprefix("list<").removesuffix(">")), kind.startswith("list")


@pytest.fixture
def events():
    """A log of seven decisions with two places per slate; one without items, so one score is NaN."""
    rng = np.random.default_rng(0)
    columns = {}
    for name in COLUMNS:
        kind, many = kind_of(name)
        columns[name] = rng.integers(0, 2, (7, 2) if many else 7).astype(kind)
    columns["learner"][0] = 2**64 - 1
    columns["score"][3] = np.nan
    return EventLog(columns, "syllabus", "1.2", {"seed": "7", "world": "tiny-v1"})


def test_a_log_is_read_as_it_was_written(events, tmp_path):
    again = log.load(events.save(tmp_path / "deep" / "log.parquet"))
    assert (again.policy, again.policy_version, again.provenance) == ("syllabus", "1.2", dict(events.provenance))
    assert len(again) == len(events) == 7 and list(again.columns) == list(COLUMNS)
    for name in COLUMNS:
        assert again[name].dtype == events[name].dtype, name
        np.testing.assert_array_equal(again[name], events[name], err_msg=name)


def test_what_was_struck_off_and_what_was_full_are_kept_where_they_are_said(events, tmp_path):
    said = {"vetoed": np.arange(7, dtype=np.int32), "full": np.arange(21, dtype=np.int32).reshape(7, 3)}
    for some in (said, {"vetoed": said["vetoed"]}, {"full": said["full"]}):
        again = log.load(EventLog({**events.columns, **some}, "p", "0").save(tmp_path / "log.parquet"))
        assert list(again.columns) == [*COLUMNS, *some]
        for name, column in some.items():
            np.testing.assert_array_equal(again[name], column)


def test_a_stranger_reads_units_and_provenance_from_the_file(events, tmp_path):
    schema = pq.read_schema(events.save(tmp_path / "log.parquet"))
    for name, (_, meaning) in COLUMNS.items():
        assert schema.field(name).metadata[b"meaning"].decode() == meaning
    assert schema.metadata[b"policy"] == b"syllabus" and b"tiny-v1" in schema.metadata[b"provenance"]


def test_an_empty_log_survives_too(events, tmp_path):
    empty = EventLog({name: column[:0] for name, column in events.columns.items()}, "p", "0")
    again = log.load(empty.save(tmp_path / "log.parquet"))
    assert len(again) == 0 and list(again.columns) == list(COLUMNS)


def test_a_log_without_a_column_is_refused(events):
    columns = dict(events.columns)
    del columns["propensity"]
    with pytest.raises(ValueError, match="propensity.*needed"):
        EventLog(columns, "p", "0")


def test_columns_of_different_length_are_refused(events):
    with pytest.raises(ValueError, match="different length.*needed"):
        EventLog({**events.columns, "minutes": np.zeros(3, np.float32)}, "p", "0")


def test_a_log_of_another_version_is_refused_in_words(events, tmp_path, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(log, "VERSION", 99)
        file = events.save(tmp_path / "log.parquet")
    with pytest.raises(ValueError, match=r"99; needed 1, e\.g\."):
        log.load(file)


def test_a_table_that_is_no_log_is_refused(tmp_path):
    import pyarrow as pa

    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="found another table; needed an event log"):
        log.load(tmp_path / "a.parquet")


def test_a_file_that_is_none_is_refused_in_words(events, tmp_path):
    whole = events.save(tmp_path / "whole.parquet").read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "text": b"learner,skill", "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
    for name, found in {"cut": "only a part", "text": "only a part", "empty": "only a part", "gone": "no such"}.items():
        with pytest.raises(ValueError, match=f"found .*{found}.*; needed an event log in Parquet, e.g."):
            log.load(tmp_path / name)


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(events, tmp_path, monkeypatch):
    file = events.save(tmp_path / "log.parquet")
    before = file.read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="no space"):
        events.save(file)
    assert file.read_bytes() == before and [f.name for f in tmp_path.iterdir()] == ["log.parquet"]


def test_what_every_column_means_is_written_down():
    assert all(meaning and kind_of(name) for name, (_, meaning) in COLUMNS.items())


def test_slates_of_different_length_are_refused_in_words(events, tmp_path):
    import pyarrow as pa

    table = pq.read_table(events.save(tmp_path / "log.parquet"))
    at = table.schema.get_field_index("offered")
    ragged = pa.array([[1], [1, 2], *[[1]] * 5], pa.list_(pa.int32()))
    torn = table.set_column(at, table.schema.field(at), ragged).replace_schema_metadata(table.schema.metadata)
    pq.write_table(torn, tmp_path / "torn.parquet")
    with pytest.raises(ValueError, match=r"offered: lists of \[1, 2\].*needed.*e\.g\."):
        log.load(tmp_path / "torn.parquet")


def test_what_policies_were_told_travels_with_the_log_whole_or_not_at_all(events, tmp_path):
    told = {name: np.ones(7, "float32" if name == "weekly_minutes" else "int8") for name in PROFILE}
    told["mandatory"] = np.array([True, False] * 3 + [True])
    full = EventLog({**events.columns, **told}, "p", "0")
    again = log.load(full.save(tmp_path / "log.parquet"))
    assert again.profiled and not events.profiled
    for name in PROFILE:
        np.testing.assert_array_equal(again[name], told[name], err_msg=name)
    with pytest.raises(ValueError, match="'stated'.*needed all of"):
        EventLog({**events.columns, "stated": told["stated"]}, "p", "0")
