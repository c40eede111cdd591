"""A process that makes the script which draws charts: that would hold up the server for more than a second."""

from __future__ import annotations

from snellen.child import Parent
from snellen.report.page import bundle


def main() -> None:
    """Sends the script, and ends."""
    Parent().send(str(bundle()))
