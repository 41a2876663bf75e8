"""``python -m staff COMMAND …``: one command for all that the course's staff does."""

import sys
from importlib import import_module

COMMANDS = {
    "badges": "write badges, first cells and README's links from pyproject's address",
    "lint": "check the notebooks against the course's rules",
    "refresh": "run the notebooks again and store what they show",
    "elsewhere": "run notebooks and seeded tests as on other processors",
}


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        print("python -m staff COMMAND [--help]\n")
        print("\n".join(f"  {name:10} {words}" for name, words in COMMANDS.items()))
        return 0 if name in ("", "-h", "--help") else 2
    sys.argv[:2] = [f"python -m staff {name}"]
    return import_module(f"staff.{name}").main()


if __name__ == "__main__":
    sys.exit(main())
