"""From an empty place to a world that plays, by the command alone."""

import openpyxl
import pytest


def test_a_filled_template_becomes_a_world_that_plays(tmp_path, command):
    folder = tmp_path / "my-world"
    code, out, err = command("world", "new", f"to={folder}")
    assert command("world", "check", f"env={folder / 'my-world.xlsx'}")[0] == 0  # the example holds as it is
    emptied = openpyxl.load_workbook(folder / "my-world.xlsx")
    emptied["World"]["B3"] = emptied["World"]["B4"] = None
    emptied.save(folder / "my-world.xlsx")
    book = folder / "my-world.xlsx"
    assert code == 0 and book.exists() and str(book) in out, err
    code, _, err = command("world", "check", f"env={book}")
    assert code == 2 and "World!B3, title" in err and "World!B4, job" in err and err.count("\n- ") == 2
    code, _, err = command("world", "import", f"from={book}", f"to={folder}")
    assert code == 2 and not (folder / "world.toml").exists()  # nothing half-made
    edited = openpyxl.load_workbook(book)
    edited["World"]["B3"], edited["World"]["B4"] = "My shop", "Shop assistant"
    edited.save(book)
    code, out, err = command("world", "import", f"from={book}", f"to={folder}")
    assert code == 0 and "adaptlearn evaluate" in out, err
    assert sorted(p.name for p in folder.iterdir()) == ["activities.csv", "card.md", "my-world.xlsx", "skills.csv",
                                                        "world.toml"]  # fmt: skip
    assert command("world", "check", f"env={folder}")[0] == 0
    code, out, err = command("evaluate", f"env={folder}", "agents=[mastery]", "laws=[bkt]", "meshings=['null']",
                         "learners=64", "format=json")  # fmt: skip
    assert code == 0 and '"policy": "mastery"' in out, err


def test_a_catalogue_becomes_a_workbook_and_a_list_of_what_is_missing(tmp_path, command):
    (tmp_path / "lms.csv").write_text("Title,Type,Duration (min)\nFire safety,Video,10\nFirst aid,Foo,\n")
    code, out, err = command("world", "import", f"from={tmp_path / 'lms.csv'}", f"to={tmp_path / 'w'}")
    assert code == 0 and "Activities!F3" in out and (tmp_path / "w" / "w.xlsx").exists(), err
    before = (tmp_path / "w" / "w.xlsx").read_bytes()
    code, _, err = command("world", "import", f"from={tmp_path / 'lms.csv'}", f"to={tmp_path / 'w'}")
    assert code == 2 and "is there already" in err and (tmp_path / "w" / "w.xlsx").read_bytes() == before


@pytest.mark.parametrize(("words", "says"), [
    (("world", "new"), "to=my-world"), (("world", "check"), "env=my-world"), (("world", "import"), "from="),
    (("world", "bake"), "no verb 'world bake'; needed one of world new, world import, world check"),
    (("world",), "world new"), (("world", "check", "env=nowhere"), "needed an existing path"),
    (("world", "import", "from=nowhere.xlsx", "to=x"), "no such file"),
])  # fmt: skip
def test_what_the_caller_can_mend_is_status_two(command, words, says):
    code, _, err = command(*words)
    assert code == 2 and says in err, err
