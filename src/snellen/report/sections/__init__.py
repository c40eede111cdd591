"""The sections of a report, one file each: `section(run)` makes one, or None where it has nothing to say."""
