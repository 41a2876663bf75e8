"""What a drawn face looks like: its attributes and how often each comes, its colors, its dice."""

import colorsys
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gan_utils.datasets.cartoon.sketch import Color

# Every face draws each attribute by itself: the share of each value, and no correlations.
SHARES: dict[str, dict[str, float]] = {
    "hair color": {
        **{"black": 0.12, "brown": 0.14, "blonde": 0.14, "red": 0.10, "pink": 0.12},
        **{"purple": 0.10, "blue": 0.12, "green": 0.08, "silver": 0.08},
    },
    "hair style": {
        **{"short": 0.14, "bob": 0.15, "long": 0.20, "wavy": 0.11, "twintails": 0.10},
        **{"ponytail": 0.10, "buns": 0.06, "braids": 0.06, "spiky": 0.08},
    },
    "bangs": {"straight": 0.22, "choppy": 0.24, "swept": 0.20, "parted": 0.14, "strand": 0.20},
    "side locks": {"none": 0.30, "short": 0.40, "long": 0.30},
    "eye color": {
        **{"brown": 0.20, "gold": 0.12, "green": 0.16},
        **{"blue": 0.24, "purple": 0.14, "red": 0.14},
    },
    "eye shape": {"round": 0.40, "sharp": 0.22, "droopy": 0.18, "sleepy": 0.12, "wink": 0.08},
    "brows": {"calm": 0.40, "raised": 0.24, "worried": 0.18, "angry": 0.18},
    "mouth": {
        **{"smile": 0.30, "open": 0.22, "grin": 0.10, "flat": 0.12},
        **{"frown": 0.08, "round": 0.08, "cat": 0.10},
    },
    "skin": {"fair": 0.36, "light": 0.36, "tan": 0.16, "brown": 0.12},
    "blush": {"none": 0.40, "soft": 0.42, "lines": 0.18},
    "glasses": {"none": 0.84, "round": 0.08, "square": 0.08},
    "accessory": {
        **{"none": 0.42, "ribbon": 0.12, "flower": 0.09, "hairpin": 0.09, "headband": 0.08},
        **{"headphones": 0.07, "beret": 0.06, "cat ears": 0.07},
    },
    "clothes": {"sailor": 0.24, "shirt": 0.22, "hoodie": 0.18, "sweater": 0.18, "dress": 0.18},
    "background": {"plain": 0.24, "gradient": 0.30, "dots": 0.18, "stripes": 0.14, "rays": 0.14},
    "turn": {"left": 0.30, "front": 0.40, "right": 0.30},
    "light": {"left": 0.34, "above": 0.32, "right": 0.34},
}
ATTRIBUTES = {name: tuple(shares) for name, shares in SHARES.items()}
HAIR: dict[str, Color] = {
    **{"black": (58, 54, 74), "brown": (128, 84, 60), "blonde": (246, 210, 116)},
    **{"red": (208, 58, 54), "pink": (250, 158, 186), "purple": (146, 104, 200)},
    **{"blue": (80, 132, 226), "green": (92, 184, 122), "silver": (210, 214, 228)},
}
EYES: dict[str, Color] = {
    **{"brown": (134, 80, 48), "gold": (236, 180, 48), "green": (60, 172, 92)},
    **{"blue": (56, 122, 230), "purple": (146, 84, 216), "red": (216, 48, 62)},
}
SKIN: dict[str, Color] = {
    **{"fair": (255, 236, 222), "light": (253, 219, 194)},
    **{"tan": (230, 178, 136), "brown": (168, 114, 82)},
}
RANDOM_NUMBERS = 250  # more than any face uses


class Dice:
    """The random stream of one face, which no other face shares: `dice(low, high)`."""

    def __init__(self, seed: int, face: int) -> None:
        stream = np.random.Generator(np.random.PCG64([seed, face]))
        self._next = iter(stream.random(RANDOM_NUMBERS).tolist()).__next__

    def __call__(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * self._next()

    def side(self) -> int:
        """Left or right: −1 or 1."""
        return 1 if self() < 0.5 else -1


@dataclass(frozen=True)
class Look:
    """One face: the value of each attribute, its base colors, and the dice for all the rest.

    Attributes:
        volume: how far the hair stands off the skull, about 1.
    """

    value: dict[str, str]
    hair: Color
    skin: Color
    eye: Color
    cloth: Color
    accent: Color
    volume: float
    dice: Dice

    @classmethod
    def of(cls, value: dict[str, str], dice: Dice) -> "Look":
        """Colors near those that the attributes name; those of the clothes are free."""
        return cls(
            value,
            vary(HAIR[value["hair color"]], dice, 0.016, 0.06, 0.035),
            vary(SKIN[value["skin"]], dice, 0.008, 0.05, 0.015),
            vary(EYES[value["eye color"]], dice, 0.015, 0.06, 0.03),
            vary((84, 88, 164), dice, 0.5, 0.16, 0.16),
            vary((226, 92, 100), dice, 0.5, 0.12, 0.10),
            dice(0.99, 1.07),
            dice,
        )

    @cached_property
    def hair_line(self) -> Color:
        return mix(shade(shade(self.hair, 1.3), 1.3), (40, 26, 48), 0.3)

    @cached_property
    def hair_dark(self) -> Color:
        return shade(self.hair, 0.75)

    @cached_property
    def hair_light(self) -> Color:
        return tint(self.hair, 0.55)

    @cached_property
    def skin_line(self) -> Color:
        return mix(shade(self.skin, 1.6), (120, 40, 40), 0.35)

    @cached_property
    def skin_dark(self) -> Color:
        return mix(shade(self.skin, 0.45), (226, 130, 120), 0.14)

    @cached_property
    def lash(self) -> Color:
        return mix(shade(shade(self.hair, 1.4), 1.4), (30, 20, 34), 0.72)


def draw_attributes(dice: Dice) -> dict[str, str]:
    """A value for each attribute, as often as `SHARES` says; the first numbers of the stream."""
    value = {}
    for name, shares in SHARES.items():
        at = dice()
        for value[name], share in shares.items():
            at -= share
            if at < 0:
                break
    return value


def mix(first: Color, second: Color, share: float) -> Color:
    """The first color with a share of the second."""
    (a, b, c), (d, e, f) = first, second
    return round(a + (d - a) * share), round(b + (e - b) * share), round(c + (f - c) * share)


def shade(color: Color, amount: float = 1.0) -> Color:
    """The color in shadow: darker, and cooler as it darkens."""
    red, green, blue = color
    return (
        round(red * (1 - 0.30 * amount)),
        round(green * (1 - 0.36 * amount)),
        round(blue * (1 - 0.22 * amount)),
    )


def tint(color: Color, amount: float) -> Color:
    """The color in light."""
    return mix(color, (255, 252, 246), amount)


def vary(color: Color, dice: Dice, hue: float, saturation: float, lightness: float) -> Color:
    """A color at most so far away: the hue in turns, the rest in parts of their range."""
    h, l, s = colorsys.rgb_to_hls(*(part / 255 for part in color))  # noqa: E741
    h = (h + dice(-hue, hue)) % 1
    l = min(max(l + dice(-lightness, lightness), 0.0), 1.0)  # noqa: E741
    s = min(max(s + dice(-saturation, saturation), 0.0), 1.0)
    red, green, blue = colorsys.hls_to_rgb(h, l, s)
    return round(red * 255), round(green * 255), round(blue * 255)
