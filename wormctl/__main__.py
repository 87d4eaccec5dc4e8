"""The entry of `python -m wormctl`."""

import sys

from wormctl.cli import main

if __name__ == "__main__":
    sys.exit(main())
