"""Changes the safety room in every small way, and sees whether its tests notice: `make mutation`.

Each comparison, constant and condition of src/safety.c is changed, one at a time; each mutant is built and put
through the tests in tests/firmware/safety/. A mutant that passes is a survivor: either a test is missing, or the change
changes nothing, which `survivors.toml` then argues. Exit status 1 for a survivor that is not argued for, and for an
argument that no survivor needs.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCE = HERE.parent / "src" / "safety.c"
TESTS = "tests/firmware/safety"
SLOW = "test_invariants"
MOST_S = 60.0

COMPARISONS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
}
CONNECTIVES = {"&&": "||", "||": "&&"}
_TOKEN = re.compile(
    r"(?P<bound>\[[A-Z]+\])|(?P<comment>/\*.*?\*/)|(?P<include>\#[^\n]*)|(?P<string>\"[^\"]*\")|(?P<arrow>->|<<=|>>=|<<|>>|\+\+|--)"
    r"|(?P<comparison><=|>=|==|!=|<|>)|(?P<connective>&&|\|\|)|(?P<not>!)|(?P<arithmetic>(?<=[\w)\]] )[+*/-](?= ))"
    r"|(?P<constant>\b(?:[A-Z][A-Z0-9_]+|\d+)U?\b)|(?P<boolean>\b(?:true|false)\b)|(?P<other>.)",
    re.DOTALL,
)
_FUNCTION = re.compile(r"^(?:static )?\w+ (\w+)\(", re.MULTILINE)
_CALL = re.compile(r"^ +(?:[a-z_]+\(.*\)|s->.*|memcpy\(.*\)|memset\(.*\));$", re.MULTILINE)


class Mutant(NamedTuple):
    """One change."""

    line: int
    what: str
    text: str
    """The whole source with it."""


def _swap(source: str, start: int, end: int, new: str) -> Mutant:
    line = source.count("\n", 0, start) + 1
    whole = source.splitlines()[line - 1].strip()
    function = _FUNCTION.findall(source, 0, end)[-1]
    what = f"{function}(): {whole}: {source[start:end].strip()} -> {new.strip()}"
    return Mutant(line, what, source[:start] + new + source[end:])


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a C source, in order. Bounds of array parameters say nothing to a compiler: they stay."""
    for token in _TOKEN.finditer(source):
        start, end, text = token.start(), token.end(), token.group()
        if token["comparison"]:
            for new in COMPARISONS[text]:
                yield _swap(source, start, end, new)
        elif token["connective"]:
            yield _swap(source, start, end, CONNECTIVES[text])
        elif token["not"]:
            yield _swap(source, start, end, "")
        elif token["arithmetic"]:
            yield _swap(source, start, end, {"+": "-", "-": "+", "*": "/", "/": "*"}[text])
        elif token["constant"]:
            yield _swap(source, start, end, f"({text} + 1)")
            yield _swap(source, start, end, f"({text} - 1)")
        elif token["boolean"]:
            yield _swap(source, start, end, "false" if text == "true" else "true")
    for found in re.finditer(r"\bif \((.*)\) \{$", source, re.MULTILINE):
        yield _swap(source, found.start(1), found.end(1), "1")
        yield _swap(source, found.start(1), found.end(1), "0")
    for found in _CALL.finditer(source):
        yield _swap(source, found.start(), found.end(), "    ;")


def passes(mutant: Mutant) -> bool:
    """Whether the tests let it pass. What cannot be built, or hangs, does not."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "safety.c"
        file.write_text(mutant.text)
        env = {
            **os.environ,
            "WORMCTL_SAFETY_C": str(file),
            "TMPDIR": folder,
            "HYPOTHESIS_STORAGE_DIRECTORY": folder,
        }
        # The slow test only for what the others have let pass.
        for chosen in (f"not {SLOW}", SLOW):
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "-k",
                chosen,
                TESTS,
            ]
            try:
                done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=MOST_S)
            except subprocess.TimeoutExpired:
                return False
            if done.returncode:
                return False
    return True


def main() -> int:
    """Run them all; the exit status."""
    source = SOURCE.read_text()
    if not passes(Mutant(0, "nothing", source)):
        print("the tests do not pass without any change: mend that first", file=sys.stderr)
        return 1
    every = list(mutants(source))
    argued = {
        entry["mutant"]: entry["why"]
        for entry in tomllib.loads((HERE / "survivors.toml").read_text())["survivor"]
    }
    survivors: list[Mutant] = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, (mutant, passed) in enumerate(zip(every, pool.map(passes, every), strict=True), 1):
            if passed:
                survivors.append(mutant)
            print(
                f"\r{i} of {len(every)} mutants, {len(survivors)} survive",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    unargued = [mutant for mutant in survivors if mutant.what not in argued]
    idle = argued.keys() - {mutant.what for mutant in survivors}
    print(
        f"{len(every)} mutants of {SOURCE.name}: {len(every) - len(survivors)} noticed, {len(survivors)} survive"
    )
    for mutant in survivors:
        print(f"  line {mutant.line}: {mutant.what}\n    {argued.get(mutant.what, 'NOT ARGUED FOR')}")
    for what in sorted(idle):
        print(f"  survivors.toml argues for what does not survive: {what}")
    return 1 if unargued or idle else 0


if __name__ == "__main__":
    sys.exit(main())
