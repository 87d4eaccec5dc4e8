"""Reading what a person wants cut out of the worm: names of cells, of classes, or of a whole sense."""

from __future__ import annotations

from wormctl.config import ConfigError

CHEMOSENSORY = ("ADF", "ADL", "ASE", "ASG", "ASH", "ASI", "ASJ", "ASK", "AWA", "AWB", "AWC", "PHA", "PHB")
"""The chemosensory classes of amphids and phasmids (Bargmann 2006, Chemosensation in C. elegans)."""

GROUPS = {"chemosensory": CHEMOSENSORY}
"""Names for several classes at once."""

HELP = (
    "cut cells out of the circuit: cells, classes, or `chemosensory` for every cell that smells or tastes, "
    "separated by commas (AWC,ASEL)"
)


def parse_ablation(text: str | None) -> list[str]:
    """The cells and classes in `text`, separated by commas, groups resolved. Raises `ConfigError`."""
    cells: dict[str, None] = {}
    for name in (text or "").split(","):
        name = name.strip()
        if name in GROUPS:
            cells.update(dict.fromkeys(GROUPS[name]))
        elif name:
            cells[name] = None
    if text is not None and not cells:
        raise ConfigError(f"--ablate = {text!r}: name a cell, a class or one of {', '.join(GROUPS)}")
    return list(cells)
