"""Find a Chromium for the browser tests; where there is none, install Debian's.

    python tests_browser/chromium.py        prints the path of the one that the tests use

An installed Chromium or Chrome is taken as it is; CHROMIUM=/path/to/one names another.
"""

import os
import shutil
import subprocess
import sys

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ADVICE = (
    "Install Chromium or Chrome (on Debian: apt-get install chromium), or name one that is "
    "installed elsewhere: make test-browser CHROMIUM=/path/to/chromium"
)


class NoChromium(Exception):
    """There is no browser that starts, and none can be installed; the message says what to do."""


def find() -> str:
    """The path of a Chromium or Chrome that starts.

    Raises:
        NoChromium: there is none, or the one named by CHROMIUM does not start.
    """
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    if named:
        raise NoChromium(f"CHROMIUM is {named!r}, which is not a browser that starts. {ADVICE}.")
    raise NoChromium(f"The browser tests found no Chromium that starts. {ADVICE}.")


def install() -> None:
    """Debian's package `chromium`, by apt-get.

    Raises:
        NoChromium: apt-get is not here, is not allowed to, or fails.
    """
    if shutil.which("apt-get") is None:
        raise NoChromium(f"There is no Chromium here, and no apt-get to install it. {ADVICE}.")
    if os.geteuid() != 0:
        raise NoChromium(f"There is no Chromium here, and only root may install it. {ADVICE}.")
    apt = ["apt-get", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=120"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # One source of several may be out of reach; whether that matters shows when it installs.
    subprocess.run([*apt, "update"], env=quiet)
    command = [*apt, "install", "-y", "--no-install-recommends", "chromium"]
    if subprocess.run(command, env=quiet).returncode != 0:
        raise NoChromium(f"apt-get could not install chromium; its reason stands above. {ADVICE}.")


def _starts(path: str) -> bool:
    """Whether it is more than a name: Ubuntu's `chromium-browser` may be a note about snap."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    try:
        try:
            path = find()
        except NoChromium:
            if os.environ.get("CHROMIUM"):
                raise
            install()
            path = find()
    except NoChromium as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Chromium: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
