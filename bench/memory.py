"""How much memory a measurement held; standard library only, so that asking costs nothing."""

import resource
from pathlib import Path


def peak_megabytes() -> float:
    """The most memory that this very program held, MB.

    Linux counts what its parent held into `ru_maxrss`; the status file does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
