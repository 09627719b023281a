"""A bundle is written whole, is the same bytes anywhere, and opens only if nothing in it has changed."""

import json
import shutil
import subprocess

import numpy as np
import onnx
import pytest

from adaptlearn.export import bundle, card
from adaptlearn.export.bundle import NotExportable
from adaptlearn.export.runtime import Refused, Runtime, seal


@pytest.fixture(scope="module")
def made(tiny, small, tmp_path_factory):
    """One bundle, written; copies are for spoiling."""
    return bundle.write(
        small, tiny, tmp_path_factory.mktemp("agents") / "small" / "bundle", about={"trained on": "nothing"}
    )


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "copy")


def resealed(folder):
    """Checksums made anew over whatever stands there, as a forger would."""
    names = sorted(path.name for path in folder.iterdir() if path.name != seal.SUMS)
    lines = [f"{seal.checksum((folder / name).read_bytes())}  {name}\n" for name in names]
    (folder / seal.SUMS).write_text("".join(lines))
    return folder


def test_a_bundle_opens_where_it_is_and_where_it_is_carried(made, copy):
    assert bundle.check(made).policy == bundle.check(copy).policy == "small 1"
    assert {path.name for path in made.iterdir()} == {*seal.NEEDED, seal.SUMS}


def test_checksums_are_those_of_the_usual_tool(made):
    if shutil.which("sha256sum") is None:
        pytest.skip("needs sha256sum, which this machine has not")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", seal.SUMS], cwd=made, check=True)


def test_the_same_policy_gives_the_same_bytes_in_any_folder(made, tiny, make_small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again = bundle.write(make_small(len(tiny.skills)), tiny, "elsewhere/b", about={"trained on": "nothing"})
    for path in made.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_no_file_holds_a_path_or_a_pickle(made, tmp_path_factory):
    for path in made.iterdir():
        text = path.read_bytes()
        for word in (
            b"/home",
            b"/root",
            b"/tmp",
            b"/work",
            str(tmp_path_factory.getbasetemp()).encode(),
            b"\x80\x04\x95",
            b"pickle",
        ):
            assert word not in text, (path.name, word)


@pytest.mark.parametrize("name", [*seal.NEEDED, seal.SUMS])
def test_a_changed_file_is_refused_by_name(copy, name):
    blob = bytearray((copy / name).read_bytes())
    blob[len(blob) // 2] ^= 1
    (copy / name).write_bytes(blob)
    with pytest.raises(Refused, match=name if name != seal.SUMS else "SHA256SUMS|checksum"):
        Runtime.load(copy)


@pytest.mark.parametrize("name", [*seal.NEEDED, seal.SUMS])
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_file_cut_short_is_refused(copy, name, kept):
    blob = (copy / name).read_bytes()
    (copy / name).write_bytes(blob[: int(kept * len(blob))])
    with pytest.raises(Refused):
        Runtime.load(copy)


@pytest.mark.parametrize("name", [*seal.NEEDED, seal.SUMS])
def test_a_missing_file_is_refused_by_name(copy, name):
    (copy / name).unlink()
    with pytest.raises(Refused, match=name):
        Runtime.load(copy)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "pickled-model"),
        ("format_version", 0),
        ("format_version", 2),
        ("record_version", 99),
        ("newcomer", [0.0]),
        ("skills", []),
        ("inputs", []),
        ("roles", None),
        ("programme", {}),
        ("policy", 3),
    ],
)
def test_a_foreign_or_old_contract_is_refused_even_if_sealed_anew(copy, field, value):
    contract = json.loads((copy / "contract.json").read_text())
    (copy / "contract.json").write_text(json.dumps(contract | {field: value}))
    with pytest.raises(Refused):
        Runtime.load(resealed(copy))


@pytest.mark.parametrize("name", ["policy.onnx", "contract.json", "catalogue.json", "rules.toml", "golden.jsonl"])
def test_files_of_another_kind_are_refused_even_if_sealed_anew(copy, name):
    (copy / name).write_bytes(b"GIF89a\x00\xff not this")
    with pytest.raises(Refused, match=name):
        Runtime.load(resealed(copy))


def test_a_graph_that_decides_otherwise_is_refused_even_if_sealed_anew(copy):
    model = onnx.load(copy / "policy.onnx")
    weight = next(tensor for tensor in model.graph.initializer if tensor.name.startswith("policy_") and tensor.dims)
    weight.CopyFrom(onnx.numpy_helper.from_array(1.01 * onnx.numpy_helper.to_array(weight), weight.name))
    onnx.save(model, copy / "policy.onnx")
    with pytest.raises(Refused, match="golden.jsonl line 1 "):
        Runtime.load(resealed(copy))


def test_a_graph_of_other_skills_is_refused_even_if_sealed_anew(copy):
    model = onnx.load(copy / "policy.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value += 5
    onnx.save(model, copy / "policy.onnx")
    with pytest.raises(Refused, match="policy.onnx"):
        Runtime.load(resealed(copy))


def test_golden_decisions_include_slates_and_every_kind_of_event(made, tiny):
    cases = [json.loads(line) for line in (made / "golden.jsonl").read_text().splitlines()]
    events = [case["given"]["event"] for case in cases if case["given"]["event"]]
    assert all(len(case["then"]["choice"]) == 3 for case in cases)
    assert any(len(event["offered"]) == 3 and event.get("taken") for event in events)  # an offer of several, one taken
    assert any(
        len(event["offered"]) == 3 and "about" in event and not event.get("taken") for event in events
    )  # declined
    assert any(isinstance(event.get("taken"), dict) for event in events)  # withdrawn since
    assert any(event.get("items") for event in events)
    assert any(event.get("completed") is False for event in events)
    assert any(case["given"]["catalogue"] for case in cases)
    assert max(np.abs(np.diff(case["then"]["record_after"])).max() for case in cases) > 0


def test_something_else_in_the_way_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    with pytest.raises(Refused, match="folder"):
        seal.write_folder(tmp_path / "thesis", {name: b"x" for name in seal.NEEDED})
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"


def test_a_bundle_is_replaced_whole_or_not_at_all(copy, monkeypatch):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}

    def full(path, blob):
        if path.name == "golden.jsonl":
            raise OSError("no space left on device")
        path.write_bytes(blob)

    monkeypatch.setattr(seal, "_write", full)
    with pytest.raises(OSError, match="no space"):
        seal.write_folder(copy, {name: b"x" for name in seal.NEEDED})
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]
    monkeypatch.undo()
    seal.write_folder(copy, {name: b"x" for name in seal.NEEDED})
    assert (copy / "card.md").read_bytes() == b"x"
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_a_policy_with_luck_of_its_own_is_refused(tiny, make_small, tmp_path):
    import torch

    class Moody(make_small):
        def forward(self, view, catalogue, history, memory, luck):
            scores, memory = super().forward(view, catalogue, history, memory, luck)
            return scores + torch.rand_like(scores), memory

    with pytest.raises((NotExportable, Refused)):
        bundle.write(Moody(len(tiny.skills)), tiny, tmp_path / "moody")
    assert not list(tmp_path.iterdir())


def test_the_card_says_what_it_is_not_for_and_when_nothing_was_evaluated(made, tiny, small):
    text = (made / "card.md").read_text()
    for words in ("**Not for**", "Grade C", "not known", "never asked for", "trained on"):
        assert words in text
    report = {
        "rows": [{"against": "syllabus", "gain": 0.031, "95 %": ".021 to .041"}],
        "worst_subgroup": "tenure 2: .004",
    }
    text = card.text(bundle.contract_of(small, tiny), tiny, {}, report)
    assert "| syllabus | 0.031 | .021 to .041 |" in text and "tenure 2" in text
