"""What was made of a folder of pictures, what was rejected and why, and what is there twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from gan_utils.datasets.packing.pictures import Picture, Shape
from gan_utils.datasets.packing.sources import readable

NAMED = 5  # names listed for each reason, and groups of equal pictures


@dataclass
class Report:
    """The account of one folder or zip; ``print(report)`` reads well.

    Attributes:
        path: the folder or zip.
        shape: what the pictures were made into.
        names: the file each picture came from, in the order of the pictures.
        rejected: (name, reason, detail) of each file that no picture was made of.
        ignored: how many hidden files and system leftovers were passed over.
        kinds: how many files there are of each mode and size: "RGB 178×218".
        done: how many pictures each rule changed.
        equal: groups of names whose pictures are the same, pixel for pixel.
        classes: how many pictures each class has, if there are classes.
        held_out: how many pictures are kept out of training.
    """

    path: str
    shape: Shape
    names: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    ignored: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    equal: list[list[str]] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    held_out: int = 0

    def account(self, made: Sequence[tuple[str, Picture]]) -> None:
        """Note what the pictures were, what was done to them, and which are equal, by name."""
        self.kinds = dict(Counter(picture.was for _, picture in made))
        self.done = dict(Counter(rule for _, picture in made for rule in picture.done))
        named: dict[bytes, list[str]] = {}
        for name, picture in made:
            named.setdefault(picture.digest, []).append(name)
        self.equal = [names for names in named.values() if len(names) > 1]

    @property
    def accepted(self) -> int:
        """How many pictures there are."""
        return len(self.names)

    @property
    def duplicates(self) -> int:
        """How many pictures could go without losing a different one."""
        return sum(len(group) - 1 for group in self.equal)

    @property
    def reasons(self) -> dict[str, int]:
        """How many files were rejected for each reason, the most frequent first."""
        return dict(Counter(reason for _, reason, _ in self.rejected).most_common())

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values for JSON."""
        counts = {"accepted": self.accepted, "duplicates": self.duplicates, "reasons": self.reasons}
        return {**counts, **asdict(self), "path": readable(self.path)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Report":
        """The report that `as_json` wrote."""
        known = {name: values[name] for name in cls.__dataclass_fields__}
        known["shape"] = Shape(**values["shape"])
        known["rejected"] = [tuple(row) for row in values["rejected"]]
        return cls(**known)

    def __str__(self) -> str:
        size, color = self.shape.size, "color" if self.shape.channels == 3 else "gray"
        lines = [
            f"{readable(self.path)}: {self.accepted:,} pictures, {size}×{size}, {color}; "
            f"{len(self.rejected):,} files rejected, {self.ignored:,} hidden ones ignored"
        ]
        lines += _among("sizes and modes", self.kinds) + _among("classes", self.classes)
        if self.done:
            lines.append("what was done to them")
            lines += [f"  {count:>7,}  {rule}" for rule, count in Counter(self.done).most_common()]
        if self.rejected:
            lines.append("rejected")
            for reason, count in self.reasons.items():
                lines.append(f"  {count:>7,}  {reason}")
                rows = [(name, detail) for name, why, detail in self.rejected if why == reason]
                said = [readable(name) + (f" ({why})" if why else "") for name, why in rows]
                lines += _first(said, "files")
        if self.equal:
            lines.append(f"the same, pixel for pixel: {self.duplicates:,} could go")
            groups = [_listed([readable(name) for name in group], " = ") for group in self.equal]
            lines += _first(groups, "groups")
        lines.append(f"held out of training: {self.held_out:,}")
        return "\n".join(lines)


def class_folders(names: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels from the first folders that differ, if there are two or more and all lie in one.

    Returns:
        int64 (N,) or None, and the folders' names in order.
    """
    above = [PurePosixPath(name).parts[:-1] for name in names]
    shared = 0  # folders that all pictures have in common
    while all(len(parts) > shared for parts in above) and len({p[shared] for p in above}) == 1:
        shared += 1
    if any(len(parts) <= shared for parts in above):
        return None, ()
    classes, labels = np.unique([parts[shared] for parts in above], return_inverse=True)
    return labels.astype(np.int64), tuple(classes.tolist())


def _among(title: str, counts: dict[str, int]) -> list[str]:
    """A line for the most frequent of them, or none."""
    most = [f"{readable(name)} ({count:,})" for name, count in Counter(counts).most_common()]
    return [f"{title} ({len(most):,}): {_listed(most, ', ')}"] if most else []


def _listed(names: list[str], between: str) -> str:
    return between.join(names[:NAMED] + ["…"] * (len(names) > NAMED))


def _first(rows: list[str], what: str) -> list[str]:
    left_off = [f"and {len(rows) - NAMED:,} more {what}"] if len(rows) > NAMED else []
    return [f"           {row}" for row in [*rows[:NAMED], *left_off]]
