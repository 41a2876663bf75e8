"""The commands that train over seeds: what they run, keep and refuse."""

import csv
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Bench:
    """A command with two experiments that train nothing, and a file of its own."""

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out, self.monkeypatch, self.ran, self.fails = out, monkeypatch, [], None

    def __call__(self, *arguments: str) -> list[tuple[str, ...]]:
        def experiment(name: str) -> object:
            def run(seed: int) -> Iterator[dict[str, object]]:
                if (name, seed) == self.fails:
                    raise KeyboardInterrupt
                self.ran.append((name, seed))
                for step in (1, 2):
                    yield {"step": step, "value": len(self.ran), "unwanted": 0}

            return run

        self.monkeypatch.setattr(sys, "argv", ["bench", f"--out={self.out}", *arguments])
        experiments = {"one": (experiment("one"), 2), "of two": (experiment("of two"), 3)}
        fields = ("variant", "seed", "step", "value", "made_with")
        importlib.import_module("training_runs.runs").command(
            "t", "x", experiments, fields, 1, "variant"
        )
        return self.rows()

    def rows(self) -> list[tuple[str, ...]]:
        with self.out.open(newline="", encoding="utf-8") as file:
            return [(r["variant"], r["seed"], r["step"], r["value"]) for r in csv.DictReader(file)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path / "runs.csv", monkeypatch)


def test_a_command_runs_seed_by_seed_and_sorts_its_file(bench: Bench) -> None:
    rows = bench()
    names = [("one", 0), ("of two", 0), ("one", 1), ("of two", 1), ("of two", 2)]
    assert bench.ran == names
    assert [row[:3] for row in rows] == [
        (name, seed, step) for name, seeds in (("one", "01"), ("of two", "012"))
        for seed in seeds for step in "12"
    ]  # fmt: skip
    assert bench.out.read_text("utf-8").count("torch") == len(rows)


def test_named_runs_take_the_place_of_their_old_rows(bench: Bench) -> None:
    before = bench()
    after = bench("one", "--seeds=1")
    assert bench.ran[5:] == [("one", 0)]
    assert [row[3] for row in after[:2]] == ["6", "6"] and after[2:] == before[2:]


def test_a_command_that_was_stopped_goes_on(bench: Bench) -> None:
    bench.fails = ("of two", 1)
    with pytest.raises(KeyboardInterrupt):
        bench()
    assert {row[:2] for row in bench.rows()} == {("one", "0"), ("of two", "0"), ("one", "1")}
    bench.fails = None
    rows = bench("--resume")
    assert bench.ran[3:] == [("of two", 1), ("of two", 2)] and len(rows) == 10
    bench("--resume")
    assert len(bench.ran) == 5


def test_a_command_refuses_what_it_does_not_have(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        bench("three")
    assert "invalid choice: 'three'" in capsys.readouterr().err
    assert not bench.out.exists()


def test_the_ablation_measures_a_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    ablation = importlib.import_module("training_runs.ablation")
    monkeypatch.setattr(ablation, "IMAGES", 384)
    monkeypatch.setattr(ablation, "SAMPLES", 200)
    for name, steps, images in [("batch 64", 6, 384), ("k = 2", 1, 256)]:
        (row,) = ablation.measure(name, seed=0)
        assert (row["steps"], row["images"]) == (steps, images)
        assert row["fid"] > 10 * row["fid_floor"] > 0 and row["seconds"] > 0
        assert {*ablation.FIELDS} - {*row} == {"variant"}


def test_every_command_has_the_columns_of_its_file() -> None:
    for name in ("ablation", "checkerboards", "minimax", "mlp_gan", "small_data"):
        module = importlib.import_module(f"training_runs.{name}")
        with (ROOT / "data" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            stored = csv.DictReader(file)
            rows, column = list(stored), module.FIELDS[0]
        assert tuple(stored.fieldnames) == module.FIELDS
        assert {row[column] for row in rows} == {*module.EXPERIMENTS}
