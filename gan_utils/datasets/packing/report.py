"""What was made of a folder of pictures, what was rejected and why, and what is there twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gan_utils.datasets.packing.pictures import Picture, Shape
from gan_utils.datasets.packing.sources import readable

NAMED = 5  # names listed for each reason, and groups of equal pictures
INDENT = " " * 11


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

    def account(self, made: Iterable[tuple[str, Picture]]) -> None:
        """Note what the pictures were, what was done to them, and which are equal, by name."""
        kinds, done, named = Counter(), Counter(), {}
        for name, picture in made:
            kinds[picture.was] += 1
            done.update(picture.done)
            named.setdefault(picture.digest, []).append(name)
        self.kinds, self.done = dict(kinds), dict(done)
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
        if self.kinds:
            lines.append(_among("sizes and modes", self.kinds))
        if self.classes:
            lines.append(_among("classes", self.classes))
        if self.done:
            lines.append("what was done to them")
            lines += [f"  {count:>7,}  {rule}" for rule, count in _most(self.done)]
        if self.rejected:
            lines.append("rejected")
            for reason, count in self.reasons.items():
                lines.append(f"  {count:>7,}  {reason}")
                rows = [(name, detail) for name, why, detail in self.rejected if why == reason]
                for name, detail in rows[:NAMED]:
                    lines.append(
                        f"           {readable(name)}" + (f" ({detail})" if detail else "")
                    )
                lines += _left_off(len(rows), "files")
        if self.equal:
            lines.append(f"the same, pixel for pixel: {self.duplicates:,} could go")
            for group in self.equal[:NAMED]:
                lines.append(f"{INDENT}{_listed([readable(name) for name in group])}")
            lines += _left_off(len(self.equal), "groups")
        lines.append(f"held out of training: {self.held_out:,}")
        return "\n".join(lines)


def _most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _among(title: str, counts: dict[str, int]) -> str:
    shown = ", ".join(f"{readable(name)} ({count:,})" for name, count in _most(counts)[:NAMED])
    more = ", …" if len(counts) > NAMED else ""
    return f"{title} ({len(counts):,}): {shown}{more}"


def _listed(names: Sequence[str]) -> str:
    return " = ".join(names[:NAMED]) + (" = …" if len(names) > NAMED else "")


def _left_off(count: int, what: str) -> list[str]:
    return [f"{INDENT}and {count - NAMED:,} more {what}"] if count > NAMED else []
