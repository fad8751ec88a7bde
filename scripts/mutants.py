"""`make mutants`: plants one fault at a time in a copy of the tree; the tests named beside it must find each.

A fault that survives, or whose place is no longer there, ends with exit code 1. They keep the tests of the engine's
protocol from falling asleep.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from scripts.faults import MUTANTS
from scripts.mutant import Mutant

ROOT: Final = Path(__file__).resolve().parent.parent
#: Seconds until a run of tests counts as hung, which finds the fault as well.
PATIENCE: Final = 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="only mutants with one of these words in their name")
    wanted = parser.parse_args().names
    chosen = [each for each in MUTANTS if not wanted or any(word in each.name for word in wanted)]
    with tempfile.TemporaryDirectory(prefix="vedette-mutants-") as place:
        tree = Path(place) / "tree"
        _copy(tree)
        survived = [each for each in chosen if not _caught(tree, each)]
    print(f"{len(chosen) - len(survived)} of {len(chosen)} mutants caught")
    return 1 if survived else 0


def _copy(tree: Path) -> None:
    """The files that git knows, as they are now."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def _caught(tree: Path, mutant: Mutant) -> bool:
    file = tree / mutant.file
    text = file.read_text()
    if text.count(mutant.before) != 1:
        print(f"MISSING   {mutant.name}: its place in {mutant.file} is gone; correct scripts/faults.py", flush=True)
        return False
    began = time.monotonic()
    file.write_text(text.replace(mutant.before, mutant.after))
    try:
        failed = _fails(tree, mutant.tests)
    finally:
        file.write_text(text)
    print(f"{'caught  ' if failed else 'SURVIVED'}  {mutant.name} ({time.monotonic() - began:.0f} s)", flush=True)
    return failed


def _fails(tree: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1):
        raise SystemExit(f"the tests could not be run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
