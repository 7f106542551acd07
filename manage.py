#!/usr/bin/env python
"""Run a management command: `./manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "escalation.settings")
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        # Imported late: an error in the settings themselves must not hide behind this one.
        from escalation.stack.absence import explain_absence

        if explanation := explain_absence(error):
            sys.exit(explanation)
        raise
