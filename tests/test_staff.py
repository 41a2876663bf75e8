"""The tools for course staff, the Makefile, and what README and requirements.txt promise."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from packaging.requirements import Requirement
from packaging.version import Version
from PIL import Image

import gan_utils
from staff import badges, elsewhere, lint, notebooks, refresh
from staff.__main__ import COMMANDS
from staff.notebooks import ROOT

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FORK = "https://github.com/someone/gan-fork"
COLAB = {  # read 2026-08
    "ipykernel": "6.17.1",
    "ipywidgets": "7.7.1",
    "numpy": "2.1",
    "torch": "2.11",
    "torchvision": "0.26",
}


# --- badges


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what holds the address, with one notebook that has no badges yet."""
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "notebooks").mkdir()
    notebook = new_notebook(cells=[new_markdown_cell("# Start"), new_code_cell("1 + 1")])
    notebooks.write(tmp_path / "notebooks" / "00_start_here.ipynb", notebook)
    return tmp_path


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_badges_are_written_once(checkout: Path) -> None:
    assert badges.main(["--check"], checkout) == 1
    assert badges.main([], checkout) == 0
    written = contents(checkout)
    assert badges.main(["--check"], checkout) == 0
    assert badges.main([], checkout) == 0
    assert contents(checkout) == written
    path = checkout / "notebooks" / "00_start_here.ipynb"
    notebook = notebooks.read(path)
    assert lint.same_first_cell(notebook, path) == lint.right_badges(notebook, path) == []
    assert [cell.source for cell in notebook.cells][2:] == ["1 + 1"]
    assert notebook.cells[0].source.endswith("# Start")


def test_badges_check_writes_nothing_and_names_the_file(
    checkout: Path, capsys: pytest.CaptureFixture
) -> None:
    before = contents(checkout)
    assert badges.main(["--check"], checkout) == 1
    assert contents(checkout) == before
    assert "notebooks/00_start_here.ipynb: " in capsys.readouterr().out


def test_badges_follow_a_fork(checkout: Path) -> None:
    old = notebooks.repository(checkout).address
    badges.main([], checkout)
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace(old, FORK))
    assert badges.main(["--check"], checkout) == 1
    badges.main([], checkout)
    assert badges.main(["--check"], checkout) == 0
    short = old.removeprefix("https://github.com/")
    for path, content in contents(checkout).items():
        assert short not in content.decode(), path
    readme = (checkout / "README.md").read_text("utf-8")
    assert f"git+{FORK}@main" in readme
    assert f"git clone {FORK}\n" in readme
    assert "labpath=notebooks%2F00_start_here.ipynb" in readme


def test_badges_of_a_release_lead_to_its_tag(checkout: Path) -> None:
    badges.main([], checkout)
    project = checkout / "pyproject.toml"
    text = project.read_text("utf-8")
    assert text.count(".dev0") == 1
    for version, ref in [("", "v0.2.0"), ("rc1", "v0.2.0rc1"), (".dev1", "main")]:
        project.write_text(text.replace(".dev0", version), "utf-8")
        badges.main([], checkout)
        readme = (checkout / "README.md").read_text("utf-8")
        for path in (checkout / "README.md", checkout / "notebooks" / "00_start_here.ipynb"):
            links = re.findall(
                r"gan-notebooks(?:@|/blob/|/)([\w.]+)[/?\\\"]", path.read_text("utf-8")
            )
            assert len(links) >= 4, links
            assert set(links) == {ref}, path
        assert f"git clone {notebooks.repository(checkout).address}\n" in readme


def test_readme_row_of_a_missing_notebook_has_no_link(checkout: Path) -> None:
    badges.main([], checkout)
    (checkout / "notebooks" / "00_start_here.ipynb").unlink()
    badges.main([], checkout)
    rows = [
        row for row in (checkout / "README.md").read_text("utf-8").splitlines() if "| 00 " in row
    ]
    assert len(rows) == 1
    assert "](" not in rows[0]


def test_address_must_be_on_github(checkout: Path) -> None:
    project = checkout / "pyproject.toml"
    project.write_text(project.read_text().replace("https://github.com/", "https://example.org/"))
    with pytest.raises(ValueError, match="OWNER/NAME"):
        notebooks.repository(checkout)


def test_first_code_cell_is_short_and_installs_from_here() -> None:
    cell = notebooks.first_code_cell(notebooks.Repository(FORK, "v1.0"))
    assert len(cell.splitlines()) <= 6
    assert f'%pip install -q "gan_utils @ git+{FORK}@v1.0"' in cell
    assert badges.FIRST_CELL in cell


# --- refresh


def saved(path: Path, *sources: str) -> Path:
    code = [new_code_cell(source, id=f"c{n}") for n, source in enumerate(sources)]
    notebooks.write(path, new_notebook(cells=code))
    return path


def test_refresh_stores_the_same_bytes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_UTILS_BUDGET", "smoke")
    path = saved(
        tmp_path / "a.ipynb",
        "import os\nfrom pathlib import Path\nfrom tqdm.auto import tqdm\nimport ipywidgets",
        "for _ in tqdm(range(3)):\n    pass\nfor _ in tqdm([], file=None):\n    pass",
        "handle = display('first', display_id=True)\nhandle.update('last')",
        "display(ipywidgets.IntSlider())\nprint('a', flush=True)\nprint(Path.cwd().name)",
        "os.environ['GAN_UTILS_BUDGET']",
    )
    assert refresh.refresh(path) == []
    first = path.read_bytes()
    assert refresh.refresh(path) == []
    assert path.read_bytes() == first
    notebook = notebooks.read(path)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3, 4, 5]
    assert notebook.cells[1].outputs == []
    assert notebook.cells[2].outputs[0].data["text/plain"] == "'last'"
    assert notebook.cells[3].outputs == [
        new_output("stream", name="stdout", text=f"a\n{tmp_path.name}\n")
    ]
    assert notebook.cells[4].outputs[0].data["text/plain"] == "'smoke'"
    assert notebook.metadata == refresh.METADATA


@pytest.mark.parametrize(
    ("source", "reason"),
    [("1 / 0", "raised ZeroDivisionError"), ("import time; time.sleep(9)", "2 s")],
)
def test_refresh_leaves_a_failing_notebook_as_it_was(
    tmp_path: Path, source: str, reason: str
) -> None:
    path = saved(tmp_path / "a.ipynb", "1", source)
    before = path.read_bytes()
    with pytest.raises(refresh.NotebookFailed, match=r"a\.ipynb, cell 2 \(id c1\)") as caught:
        refresh.refresh(path, timeout=2)
    assert reason in str(caught.value)
    assert contents(tmp_path) == {path: before}


def test_clean_leaves_out_what_is_dead_or_local() -> None:
    bar = "\r  0%|          | 0/3 [00:00<?, ?it/s]\r100%|██████████| 3/3 [00:00<00:00, 9.1it/s]\n"
    cell = new_code_cell("1", metadata={"tags": ["hide-input"], "collapsed": True, "slideshow": {}})
    cell.outputs = [
        new_output("stream", name="stdout", text="a"),
        new_output("display_data", data={refresh.WIDGET: {}, "text/plain": "HBox()"}),
        new_output("stream", name="stderr", text=bar),
        new_output("stream", name="stdout", text="b"),
        new_output("stream", name="stderr", text=f"{bar}a warning\n"),
    ]
    notebook = new_notebook(
        cells=[cell],
        metadata={"widgets": {}, "colab": {}, "language_info": {"name": "python", "version": "3"}},
    )
    warnings = refresh.clean(notebook)
    assert notebook.metadata == refresh.METADATA
    assert cell.metadata == NotebookNode(tags=["hide-input"], slideshow={})
    assert cell.outputs == [
        new_output("stream", name="stdout", text="ab"),
        new_output("stream", name="stderr", text="a warning\n"),
    ]
    assert warnings == [f"cell 1 (id {cell.id}) keeps stderr: a warning"]


def test_a_failed_write_leaves_the_old_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.ipynb", "1")
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        notebooks.write(path, new_notebook())
    assert contents(tmp_path) == {path: before}


# --- elsewhere


@pytest.mark.parametrize(
    ("setting", "fails"),
    [("two threads", ["c1"]), ("twice", ["c2-again"]), ("seed 2", ["c3"])],
)
def test_elsewhere_names_the_cells_that_differ_there(
    tmp_path: Path, setting: str, fails: list[str]
) -> None:
    shown = {"import os; os.environ['OMP_NUM_THREADS']": "'1'", "n += 1; n": "1"}
    shown |= {"seed_everything(0)": "0"}
    path = saved(tmp_path / "a.ipynb", "n, seed_everything = 0, int", *shown)
    notebook = notebooks.read(path)
    for cell, text in zip(notebook.cells[1:], shown.values(), strict=True):
        cell.metadata.tags, cell.execution_count = ["nbval-check-output"], 1
        cell.outputs = [new_output("execute_result", {"text/plain": text}, execution_count=1)]
    notebook.metadata = NotebookNode(refresh.METADATA)
    notebooks.write(path, notebook)
    before = path.read_bytes()
    assert elsewhere.failed_cells(path, setting) == fails
    assert contents(tmp_path) == {path: before}


def test_elsewhere_sees_a_test_that_fails_there(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = tmp_path / "test_a.py"
    file.write_text(
        "import os\n\ndef test_low():\n    assert os.environ.get('GAN_UTILS_BFLOAT16') != '1'\n"
    )
    assert elsewhere.main([str(file), "--as", "float32", "bfloat16", "twice"]) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["tests"],
        ["float32", "ok"],
        ["bfloat16", "1"],
        ["tests:", "test_low"],
        ["twice", "-"],
    ]


def test_elsewhere_changes_the_seed_of_every_notebook() -> None:
    for path in notebooks.paths():
        sources = [cell.source for cell in elsewhere.reseeded(7)(notebooks.read(path)).cells]
        assert sum("seed_everything(7)" in source for source in sources) == 1, path
    assert elsewhere.seeded_tests()


# --- requirements.txt


def requirements() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and line[0] not in "#-"]
    return {Requirement(line).name: Requirement(line) for line in wanted}


def test_requirements_repeat_the_needs_of_gan_utils() -> None:
    for line in PROJECT["dependencies"]:
        assert requirements()[Requirement(line).name] == Requirement(line)


@pytest.mark.parametrize("name", sorted(requirements()))
def test_requirements_have_lower_bounds_only(name: str) -> None:
    (bound,) = requirements()[name].specifier
    assert bound.operator == ">="
    assert Version(bound.version) <= Version(COLAB.get(name, "9999"))


def test_binder_takes_a_python_that_the_course_accepts() -> None:
    version = (ROOT / "runtime.txt").read_text().strip().removeprefix("python-")
    assert Version(version) >= Version(PROJECT["requires-python"].removeprefix(">="))


# --- Makefile


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^make (\S+) +\S", listed.stdout, re.MULTILINE)) == TARGETS


def test_every_script_that_make_runs_is_there() -> None:
    modules = re.findall(r"\$\(RUN\) -m ((?:staff|training_runs)[ .]\w+)", MAKEFILE)
    scripts = re.findall(r"\$\(RUN\) (\S+\.py)", MAKEFILE)
    scripts += [re.sub(r"[ .]", "/", module) + ".py" for module in modules]
    assert len(modules) > 8
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def test_every_documented_target_is_there() -> None:
    pages = [*ROOT.glob("*.md"), ROOT / "data" / "README.md", ROOT / ".ci" / "run"]
    pages += [
        *ROOT.glob("gan_utils/**/*.py"),
        *ROOT.glob("staff/*.py"),
        *ROOT.glob("training_runs/*.py"),
        *ROOT.glob("benchmarks/*.py"),
    ]
    for page in pages:
        named = re.findall(r"(?:`|^ *|run )make ([a-z-]+)\b", page.read_text("utf-8"), re.MULTILINE)
        assert set(named) <= TARGETS, page


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("no-such-python", "No Python by the name"),
        ("./old", "3.11 or newer"),
        ("./bare", "python3-venv"),
    ],
)
def test_make_says_what_python_lacks(tmp_path: Path, python: str, words: str) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name, status in [("old", "1"), ("bare", '$(case "$2" in *ensurepip*) echo 1;; esac)')]:
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    command = ["make", "lab", f"PYTHON={python}"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert words in refused.stderr
    assert not (tmp_path / ".venv").exists()


# --- README


def test_readme_names_all_notebooks_of_the_course_in_order() -> None:
    titles = re.findall(r"^\| \[?(\d\d) ", README, re.MULTILINE)
    assert titles == [f"{number:02d}" for number in range(11)]


def test_readme_links_the_notebooks_that_exist() -> None:
    linked = re.findall(r"^\| \[[^]]+\]\((notebooks/[^)]+)\)", README, re.MULTILINE)
    assert linked == [str(path.relative_to(ROOT)) for path in notebooks.paths()]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_local_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_readme_pictures_say_what_they_show() -> None:
    assert not re.search(r"!\[\s*\]\(", README)


def test_readme_python_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    quick = example
    for slow, fast in [("seconds=60", "steps=1"), ("(1000,", "(8,"), ("size=64", "size=8")]:
        assert quick.count(slow) == 1
        quick = quick.replace(slow, fast)
    scope: dict[str, object] = {}
    exec(compile(ast.parse(quick), "README.md", "exec"), scope)
    assert scope["gan"].step == 1
    assert scope["gan"].sample(2).shape == (2, 3, 64, 64)
    assert scope["images"].resize(32).shape == (3, 32, 32)


@pytest.mark.usefixtures("data_root")
def test_readme_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gan_utils import cli

    monkeypatch.chdir(tmp_path)
    Path("my_pictures").mkdir()
    for i in range(80):
        Image.new("RGB", (10, 10), (3 * i, 0, 0)).save(f"my_pictures/{i}.png")
    commands = re.findall(r"^python -m gan_utils (.+)$", README, re.MULTILINE)
    words = [command.split()[0] for command in commands]
    assert words == ["train", "sample", "evaluate", "data", "train"]
    for command in commands:
        quick = re.sub(r"--seconds \d+", "--steps 1", command)
        quick = quick.replace("--image-size 96", "--image-size 12")
        quick += " --n 20" if command.startswith("evaluate") else ""
        with pytest.raises(SystemExit) as ended:
            cli.main(shlex.split(quick))
        assert ended.value.code == 0
    assert Path("samples.png").is_file()
    assert Path("sheet.png").is_file()
    assert Path("runs/mine/settings.json").is_file()


def test_shipped_data_is_in_the_repository() -> None:
    if not ((ROOT / ".git").exists() and shutil.which("git")):
        pytest.skip("not a git checkout, or no git")
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    shipped = build["targets"]["wheel"]["force-include"]
    command = ["git", "-c", "safe.directory=*", "ls-files", "data"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert shipped.keys() <= set(listed.stdout.split())
    assert shipped.keys() <= set(build["targets"]["sdist"]["include"])


# --- versions


def test_version_citation_and_changes_agree() -> None:
    release = PROJECT["version"].removesuffix(".dev0")
    assert gan_utils.__version__ == PROJECT["version"]
    assert f"\nversion: {release}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## {release}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(ROOT.glob(".github/**/*.yml")), ids=lambda path: path.name)
def test_workflows_and_templates_can_be_read(path: Path) -> None:
    page = yaml.safe_load(path.read_text("utf-8"))
    assert {"jobs", "body", "updates"} & page.keys()
    for job in page.get("jobs", {}).values():
        for command in (step.get("run", "") for step in job["steps"]):
            for file in re.findall(r"(?:tests|notebooks)/\w+\.\w+", command):
                assert (ROOT / file).is_file(), file
            assert set(re.findall(r"\bmake ([a-z-]+)$", command, re.MULTILINE)) <= TARGETS


def test_the_staffs_command_lists_its_commands() -> None:
    def staff(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "staff", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    for words, code in [((), 0), (("--help",), 0), (("badge",), 2)]:
        done = staff(*words)
        assert done.returncode == code
        assert {*re.findall(r"^  (\w+) ", done.stdout, re.MULTILINE)} == {*COMMANDS}
    assert "python -m staff badges" in staff("badges", "--help").stdout
