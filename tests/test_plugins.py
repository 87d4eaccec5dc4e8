"""Plugins: found one by one, named when they break, and refused when they are not what they must be."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from wormctl import hookspecs
from wormctl.cli import main
from wormctl.config import ConfigError
from wormctl.device import API_VERSION, Body, Config, Sensor
from wormctl.hookspecs import Command, Offer, hookimpl
from wormctl.plugins import (
    HOOKS,
    Choice,
    PluginError,
    Plugins,
    collect,
    load_plugins,
    own_policies,
    together,
)
from wormctl.testing import IdealBody, Rule

GUIDE = Path(__file__).parents[1] / "plugins" / "README.md"

Register = Callable[[Any], None]


class Entry:
    """An entry point, as far as the loader looks at it."""

    def __init__(
        self, name: str, load: Callable[[], object], distribution: str = "someone", version: str = "1.2"
    ):
        self.name, self.load = name, load
        self.dist = types.SimpleNamespace(name=distribution, version=version)


def load(*entries: Entry) -> tuple[Plugins, list[str]]:
    lines: list[str] = []
    return load_plugins(cast(Any, entries), warn=lines.append), lines


def offering(*bodies: object) -> object:
    """A plugin that offers `bodies`."""

    class Plugin:
        @hookimpl
        def wormctl_register_bodies(self, register: Register) -> None:
            for body in bodies:
                register(body)

    return Plugin()


def body(name: str = "snakeling", **changes: Any) -> Offer[Body]:
    parts = {"summary": "a small one", "config": Config, "make": IdealBody, **changes}
    return Offer(name=name, **parts)


def raising(error: BaseException) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


class UnspeakableError(Exception):
    def __init__(self, kind: type[BaseException] = RuntimeError) -> None:
        self.kind = kind

    def __str__(self) -> str:
        raise self.kind


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ImportError("no module named lidar"), "ImportError: no module named lidar"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (SystemExit(3), "SystemExit: 3"),
        (RecursionError(), "RecursionError"),
        (RuntimeError("\x1b]0;pwn\x07"), "RuntimeError: \\x1b]0;pwn\\x07"),
        (UnspeakableError(), "UnspeakableError: (an error that cannot be shown)"),
        (UnspeakableError(SystemExit), "UnspeakableError: (an error that cannot be shown)"),
    ],
)
def test_a_plugin_that_crashes_is_named_and_the_others_work(error: BaseException, says: str) -> None:
    plugins, lines = load(Entry("bad", raising(error)), Entry("fine", lambda: offering(body())))
    assert lines == [f"plugin bad (someone 1.2) is left out: {says}"]
    assert [b.origin.plugin for b in plugins.broken] == ["bad"]
    assert list(plugins.bodies) == ["snakeling"]


def test_a_plugin_that_crashes_in_its_hook_leaves_nothing_of_itself() -> None:
    class Halfway:
        @hookimpl
        def wormctl_register_bodies(self, register: Register) -> None:
            register(body("first"))
            raise RuntimeError("and then no more")

    plugins, lines = load(Entry("halfway", Halfway))
    assert plugins.bodies == {}
    assert lines == ["plugin halfway (someone 1.2) is left out: RuntimeError: and then no more"]


def test_an_interrupt_while_loading_is_no_plugins_fault() -> None:
    with pytest.raises(KeyboardInterrupt):
        load(Entry("slow", raising(KeyboardInterrupt())))


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (body(api_version=API_VERSION + 1), "body 'snakeling' is for version 2 of the plugin API"),
        (body("Snake Ling"), "body name 'Snake Ling': must be lower-case"),
        (body(config=dict), "config must derive from wormctl.device.Config"),
        ("snakeling", "registers a body that is a str, not a Offer"),
        (
            Command(name="x", summary="", add_arguments=lambda parser: None, run=lambda args: 0),
            "registers a body that is a Command",
        ),
        (body(robot="x.toml"), "body 'snakeling': robot is of type str, must be a pathlib.Path, or None"),
        (body(summary=None), "body 'snakeling': summary is of type NoneType, must be text"),
        (body(make=3), "body 'snakeling': make is of type int, must be a function or a class"),
        (body(api_version="1"), "body 'snakeling': api_version is of type str, must be a whole number"),
    ],
)
def test_what_is_not_a_proper_offer_is_refused(thing: object, says: str) -> None:
    plugins, lines = load(Entry("odd", lambda: offering(thing)))
    assert plugins.bodies == {}
    assert says in lines[0]


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (
            Command(name="x", summary="", add_arguments=cast(Any, None), run=lambda args: 0),
            "command 'x': add_arguments is of type NoneType, must be a function",
        ),
        (
            hookspecs.Artist(name="x", summary="", draw=lambda folder, share: [], kind=cast(Any, "runs")),
            "artist 'x': kind = 'runs', must be one of run, assays, ablations, controls",
        ),
        (
            hookspecs.Artist(name="x", summary="", draw=lambda folder, share: [], quick=cast(Any, "no")),
            "artist 'x': quick is of type str, must be True or False",
        ),
    ],
)
def test_commands_and_artists_are_what_they_say(thing: object, says: str) -> None:
    class Plugin:
        @hookimpl
        def wormctl_register_commands(self, register: Register) -> None:
            if isinstance(thing, Command):
                register(thing)

        @hookimpl
        def wormctl_register_artists(self, register: Register) -> None:
            if not isinstance(thing, Command):
                register(thing)

    plugins, lines = load(Entry("odd", Plugin))
    assert not plugins.commands
    assert not plugins.artists
    assert lines == [f"plugin odd (someone 1.2) is left out: {says}"]


def test_a_plugin_of_half_a_distribution_is_loaded_too() -> None:
    half = Entry("half", lambda: offering(body()), cast(Any, None), cast(Any, None))
    plugins, lines = load(half, Entry("fine", lambda: offering(body("other"))))
    assert (sorted(plugins.bodies), lines) == (["other", "snakeling"], [])
    assert str(plugins.bodies["snakeling"].origin) == "half (unknown 0)"


def test_a_policy_of_wormctls_own_cannot_be_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Hijacker:
        @hookimpl
        def wormctl_register_policies(self, register: Register) -> None:
            register(Offer[Any](name="worm302", summary="", config=Config, make=IdealBody))

    plugins, lines = load(Entry("hijacker", Hijacker))
    assert "worm302" in own_policies()
    assert not plugins.policies
    assert lines == ["plugin hijacker (someone 1.2) is left out: policy 'worm302' is wormctl's own"]
    assert main(["plugin", "new", "worm302", "--kind", "policy", "--folder", str(tmp_path)]) == 2
    assert "policy 'worm302' is wormctl's own; choose another name" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_hook_without_its_marker_is_named() -> None:
    class Bare:
        def wormctl_register_bodies(self, register: Register) -> None: ...

    class Half(Bare):
        @hookimpl
        def wormctl_register_sensors(self, register: Register) -> None:
            register(Offer[Sensor](name="eye", summary="", config=Config, make=IdealBody))

    plugins, lines = load(Entry("bare", Bare), Entry("half", Half))
    assert not plugins.sensors
    assert lines == [
        "plugin bare (someone 1.2) is left out: offers nothing: put @hookimpl before wormctl_register_bodies",
        "plugin half (someone 1.2) is left out: put @hookimpl before wormctl_register_bodies",
    ]


def test_what_is_imported_from_the_hookspecs_lacks_no_marker() -> None:
    module = types.ModuleType("all_of_them")
    vars(module).update(vars(hookspecs))
    assert not any(collect(module).values())


FILE = """
from wormctl.device import Config
from wormctl.hookspecs import Offer, hookimpl
from wormctl.testing import IdealBody

@hookimpl
def wormctl_register_bodies(register):
    register(Offer(name="NAME", summary="", config=Config, make=IdealBody, api_version=1))
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raise RuntimeError('no')", "cannot be loaded: RuntimeError: no"),
        ("import sys; sys.exit(3)", "cannot be loaded: SystemExit: 3"),
        ("x = (", "cannot be loaded: SyntaxError: "),
        ("x = 1", "cannot be loaded: is no plugin: it has none of the hooks wormctl_register_bodies, "),
        (
            FILE.replace("@hookimpl", ""),
            "cannot be loaded: offers nothing: put @hookimpl before wormctl_register",
        ),
        (
            FILE.replace("NAME", "planar"),
            "cannot be loaded: body 'planar' is already offered by sim (wormctl-sim",
        ),
        (FILE.replace("NAME", "X Y"), "cannot be loaded: body name 'X Y': must be lower-case"),
        (None, "no such file"),
    ],
)
def test_a_file_that_somebody_named_is_loaded_or_nothing_goes_on(
    text: str | None,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("mine.py").write_text(text)
    lines: list[str] = []
    with pytest.raises(ConfigError) as caught:
        load_plugins(files=[Path("mine.py")], only=["wormctl-sim"], warn=lines.append)
    assert str(caught.value).startswith(f"plugin mine.py: {says}")
    assert "\n" not in str(caught.value)
    assert lines == []
    with pytest.raises(ConfigError) as caught:
        Choice(only=("sim",)).given(["mine.py"]).load()
    assert str(caught.value).startswith(f"--plugin = 'mine.py': {says}")
    assert main(["run", "--plugin", "mine.py", "--body", "planar", "--seconds", "0.1", "--no-media"]) == 2
    assert capsys.readouterr().err.startswith(f"wormctl: --plugin = 'mine.py': {says}")


def test_a_file_that_is_named_twice_is_loaded_once(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FILE.replace("NAME", "snakeling"))
    (tmp_path / "link.py").symlink_to(file)
    choice = Choice(only=(), files=(str(file),)).given([str(file), str(tmp_path / "link.py")])
    assert choice.files == (str(file),)
    assert list(choice.load().bodies) == ["snakeling"]
    assert list(load_plugins(files=[file, tmp_path / "link.py"], only=()).bodies) == ["snakeling"]


def test_what_several_choices_let_load() -> None:
    some, other = (
        Choice(only=("sim",), files=("/a.py",)),
        Choice(only=("range", "sim"), files=("/b.py", "/a.py")),
    )
    assert together([some, other]) == Choice(only=("sim", "range"), files=("/a.py", "/b.py"))
    assert together([some, Choice()]) == Choice(files=("/a.py",))


def test_a_name_is_offered_once() -> None:
    with pytest.raises(PluginError, match="'snakeling' twice"):
        collect(offering(body(), body()))
    plugins, lines = load(
        Entry("theirs", lambda: offering(body(), body("other")), distribution="zzz"),
        Entry("ours", lambda: offering(body()), distribution="aaa"),
    )
    assert plugins.bodies["snakeling"].origin.plugin == "ours"
    assert list(plugins.bodies) == ["snakeling"], "nothing is taken from a plugin that is refused"
    assert lines == [
        "plugin theirs (zzz 1.2) is left out: body 'snakeling' is already offered by ours (aaa 1.2)"
    ]


def test_nobody_takes_a_name_of_wormctls_own_packages() -> None:
    plugins, lines = load(
        Entry("aaa", lambda: offering(body()), distribution="aaa"),
        Entry("sim", lambda: offering(body()), distribution="wormctl-sim"),
    )
    assert plugins.bodies["snakeling"].origin.plugin == "sim"
    assert lines == [
        "plugin aaa (aaa 1.2) is left out: body 'snakeling' is already offered by sim (wormctl-sim 1.2)"
    ]


@pytest.mark.parametrize("name", ["sim", "wormctl-train", "odour"])
def test_a_new_plugin_gets_a_name_of_its_own(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", name, "--folder", str(tmp_path)]) == 2
    assert "is already" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_command_of_wormctls_own_cannot_be_taken() -> None:
    class Greedy:
        @hookimpl
        def wormctl_register_commands(self, register: Register) -> None:
            register(Command(name="run", summary="runs", add_arguments=lambda p: None, run=lambda a: 0))

    plugins, lines = load(Entry("greedy", Greedy))
    assert not plugins.commands
    assert lines == ["plugin greedy (someone 1.2) is left out: command 'run' is wormctl's own"]


def test_a_hook_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    class Misspelt:
        @hookimpl
        def wormctl_register_bodys(self, register: Register) -> None: ...

    _, lines = load(Entry("misspelt", Misspelt))
    assert "wormctl_register_bodys" in lines[0]
    assert all(hook in lines[0] for hook in HOOKS)
    assert "\n" not in lines[0]


def test_a_missing_plugin_that_is_asked_for_is_an_error_that_says_what_there_is() -> None:
    plugins, _ = load(Entry("bad", raising(ImportError("x"))), Entry("fine", lambda: offering(body())))
    with pytest.raises(ConfigError) as caught:
        plugins.body("snakelin", "robot.toml: $.body.use")
    said = str(caught.value)
    assert said.startswith("robot.toml: $.body.use = 'snakelin': no such body, did you mean 'snakeling'?")
    assert "; is it in a file of its own? --plugin FILE.py, or plugins = [" in said
    assert said.endswith("; broken: bad")


class All:
    """A plugin with every hook."""

    @hookimpl
    def wormctl_register_bodies(self, register: Register) -> None:
        register(body())

    @hookimpl
    def wormctl_register_sensors(self, register: Register) -> None:
        register(Offer[Sensor](name="eye", summary="", config=Config, make=IdealBody))

    @hookimpl
    def wormctl_register_actuators(self, register: Register) -> None:
        register(Offer[Any](name="lamp", summary="", config=Config, make=IdealBody))

    @hookimpl
    def wormctl_register_policies(self, register: Register) -> None:
        register(Offer[Any](name="brain", summary="", config=Config, make=IdealBody))

    @hookimpl
    def wormctl_register_worlds(self, register: Register) -> None:
        register(Offer[Any](name="plate", summary="", config=Config, make=IdealBody))

    @hookimpl
    def wormctl_register_commands(self, register: Register) -> None:
        register(Command(name="dance", summary="", add_arguments=lambda parser: None, run=lambda args: 0))

    @hookimpl
    def wormctl_register_artists(self, register: Register) -> None:
        register(hookspecs.Artist(name="brush", summary="", draw=lambda folder, share: []))


ALL_HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("wormctl_register_"))


def test_every_hook_fires_and_what_it_registers_is_kept() -> None:
    assert sorted(HOOKS) == ALL_HOOKS
    assert sorted(name for name in vars(All) if name.startswith("wormctl_")) == ALL_HOOKS, "test every hook"
    plugins, lines = load(Entry("all", All))
    assert lines == []
    assert {kind: list(table) for kind, table in plugins.tables.items()} == {
        "body": ["snakeling"],
        "sensor": ["eye"],
        "actuator": ["lamp"],
        "policy": ["brain"],
        "world": ["plate"],
        "command": ["dance"],
        "artist": ["brush"],
    }


@pytest.mark.parametrize("hook", ALL_HOOKS)
def test_every_hook_says_when_it_fires_and_is_in_the_guide(hook: str) -> None:
    assert "Fires once at start" in (inspect.getdoc(getattr(hookspecs, hook)) or "")
    assert f"`{hook}`" in GUIDE.read_text(encoding="utf-8")


def test_every_line_of_the_contract_is_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for rule in Rule:
        assert f"\n{rule.number}. {rule.value[0].upper()}{rule.value[1:]}.\n" in guide


def test_the_list_shows_offers_and_broken_plugins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins, _ = load(Entry("all", All), Entry("bad", raising(ImportError("[no] lidar"))))
    monkeypatch.setattr("wormctl.commands.plugin.load_plugins", lambda **keywords: plugins)
    assert main(["plugin", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("snakeling", "eye", "plate", "dance", "someone 1.2"))
    assert "broken: bad (someone 1.2): ImportError: [no] lidar" in shown
    assert main(["plugin", "list", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert {offer["name"] for offer in data["offers"]} == {
        "snakeling",
        "eye",
        "lamp",
        "brain",
        "plate",
        "dance",
        "brush",
    }
    assert data["broken"][0]["error"] == "ImportError: [no] lidar"


@pytest.mark.parametrize("name", ["My Lidar", "../up", "", "3d", "a--b", "a" * 300])
def test_a_new_plugin_needs_a_proper_name(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", name, "--folder", str(tmp_path)]) == 2
    assert "cannot name a plugin" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_new_plugin_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wormctl-x").mkdir()
    assert main(["plugin", "new", "x", "--folder", str(tmp_path)]) == 2
    assert "already there" in capsys.readouterr().err
