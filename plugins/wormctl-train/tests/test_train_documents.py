"""What the documents say of the shipped task is what its files say, and the example in them can be run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wormctl_train.anatomy import STRETCH, anatomy
from wormctl_train.blueprint import Blueprint, Gene, load_blueprint
from wormctl_train.express import QUANTITIES
from wormctl_train.payable import NUMBERS
from wormctl_train.recipe import load_recipe
from wormctl_train.scoring import Bench

from wormctl.config import ConfigError

FOLDER = Path(__file__).parent.parent
SCIENCE = (FOLDER / "SCIENCE.md").read_text()
README = (FOLDER / "README.md").read_text()


@pytest.fixture(scope="module")
def blueprint() -> Blueprint:
    return load_blueprint("worm302")


def test_every_assumed_sign_is_told_with_its_reason_and_what_is_published(blueprint: Blueprint) -> None:
    body = anatomy()
    c = body.connectome

    def cells(words: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        names = [name for word in words.split(",") for name in blueprint.groups.get(word, (word,))]
        return body.mask(*names)

    for sign in blueprint.signs:
        pre, _, post = sign.synapse.partition(">")
        published = c.chem_sign[cells(pre)[c.chem_pre] & cells(post)[c.chem_post]]
        counts = {"+": int((published > 0).sum()), "-": int((published < 0).sum())}
        told = ", ".join(f"{way} in {n}" for way, n in counts.items() if n) or "none"
        way = "+" if sign.sign > 0 else "-"
        assert f"| `{sign.synapse}` | {way} | {published.size} | {told} | {sign.why} |\n" in SCIENCE
    assert f"{len(blueprint.signs)} classes of synapses were given a sign by hand" in SCIENCE


def test_every_value_that_stays_is_told(blueprint: Blueprint) -> None:
    for name, value in blueprint.assumed.items():
        quantity, _, whom = name.partition("/")
        assert f"| `{quantity}` | {whom.replace(',', ', ') or 'all'} | {value:g} |\n" in SCIENCE
    for kind, doc in STRETCH.items():
        assert f"| `{kind}` | {doc} |\n" in SCIENCE


def test_genes_are_told_by_what_they_are(blueprint: Blueprint) -> None:
    groups: dict[str, list[Gene]] = {}
    for name, gene in blueprint.genes.items():
        groups.setdefault(name.partition("/")[0], []).append(gene)
    for quantity, genes in groups.items():
        low, high = min(gene.low for gene in genes), max(gene.high for gene in genes)
        assert f"| `{quantity}` | {len(genes)} | {low:g} | {high:g} | {QUANTITIES[quantity]} |\n" in SCIENCE
    assert f'{len(blueprint.genes)} numbers ("genes")' in SCIENCE


def test_all_that_evolution_was_paid_for_is_told_and_cuts_by_themselves() -> None:
    recipe = load_recipe("worm302").recipe
    paid, cuts = SCIENCE[SCIENCE.index("## What evolution was paid for") :].split("**Published ablations")
    cut = {trial.name for trial in recipe.trial if trial.ablate}
    for pay in recipe.pay:
        if pay.weight:
            trial = f"{pay.trial} / {pay.over}" if pay.over else pay.trial
            row = f"| {pay.name} | {trial} | `{pay.number}` | {pay.low:g} | {pay.high:g} | {pay.weight:g} |\n"
            assert row in (cuts if pay.trial in cut else paid)


def test_what_is_said_to_be_in_no_trial_is_in_none() -> None:
    told = SCIENCE[SCIENCE.index("No trial cuts") :].split(". ")[0]
    alone = {trial.ablate[0] for trial in load_recipe("worm302").recipe.trial if len(trial.ablate) == 1}
    assert alone.isdisjoint(told.replace(",", " ").split())
    assert {"AIZ", "RIM", "SMB", "RMD"} <= set(told.replace(",", " ").split())


def test_every_number_is_told() -> None:
    for name in NUMBERS:
        assert f"\n| `{name}` | " in README


def test_the_example_is_a_task(tmp_path: Path) -> None:
    text = next(block for block in README.split("```toml\n") if block.startswith("# mine.toml")).split("```")[
        0
    ]
    (tmp_path / "mine.toml").write_text(text)
    task = load_recipe(str(tmp_path / "mine.toml"))
    bench = Bench(task)
    assert bench.free_genes(task.recipe.stage[0]).size > 3
    (tmp_path / "mine.toml").write_text(text.replace('["AVA"]', '["AVZ"]'))
    with pytest.raises(ConfigError, match="AVZ"):
        Bench(load_recipe(str(tmp_path / "mine.toml")))
