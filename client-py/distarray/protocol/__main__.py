"""python -m distarray.protocol"""

import sys

from distarray.protocol._command import main

sys.exit(main())
