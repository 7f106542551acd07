import sys

from otherwise_client.command import main

sys.exit(main())
