"""``python -m gan_utils``."""

from gan_utils.cli import main

main()
