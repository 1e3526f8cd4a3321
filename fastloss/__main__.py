"""`python -m fastloss` is the command `fastloss`."""

import sys

from fastloss.cli import main

sys.exit(main())
