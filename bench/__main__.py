"""`make bench`: every measurement, or those named (`make bench ARGS="generation pages"`)."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the measurements; 1 when one of them missed its limit."""
    files = Path(__file__).parent.glob("[a-z]*.py")
    known = sorted(path.stem for path in files if "\ndef main(" in path.read_text())
    chosen = sys.argv[1:] or known
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        print(f"no such measurement: {', '.join(unknown)} (known: {', '.join(known)})")
        return 2
    missed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        # Each in a process of its own: what one held in memory is not the next one's.
        call = f"import sys, bench.{name} as bench; sys.exit(not bench.main())"
        if subprocess.run([sys.executable, "-c", call], check=False).returncode:
            missed.append(name)
    print("missed: " + ", ".join(missed) if missed else "every limit was kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
