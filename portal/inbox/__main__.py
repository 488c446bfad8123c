"""`python -m portal.inbox PORTAL_HOME SMTP_PORT HTTP_PORT`: runs the inbox until SIGTERM."""

import argparse
import sys
from pathlib import Path

from portal.inbox import run

parser = argparse.ArgumentParser(prog="python -m portal.inbox")
parser.add_argument("home", type=Path)
parser.add_argument("smtp_port", type=int)
parser.add_argument("http_port", type=int)
try:
    run(**vars(parser.parse_args()))
except OSError as error:
    sys.exit(f"inbox: {error}")
