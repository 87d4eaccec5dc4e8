"""What every new plugin has, whatever it offers."""

from __future__ import annotations

_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "wormctl-$name"
version = "0.1.0"
description = "The $kind $name for wormctl"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["wormctl"]

[project.entry-points.wormctl]
$word = "$package.plugin"

[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
"*" = ["py.typed"]
"""

_README = """\
# wormctl-$name

The $kind `$name` for wormctl.

1. Fill in $fill. Until then the tests fail, and say so.
2. `uv pip install -e wormctl-$name` in wormctl's clone, or `pip install -e .` here in the environment of wormctl; then
   `wormctl plugin show $name` tells what it is.
3. `uv run pytest wormctl-$name` in the clone, or `pytest` here: what passes works in the loop.
   `wormctl plugin check $name` says the same, line by line of the contract.
4. Use it. `wormctl robot check FILE` looks a robot file over; `wormctl run --robot FILE` runs it:

```toml
$robot
```
"""

_PLUGIN = '''\
"""What wormctl-$name offers."""

from collections.abc import Callable

from $home import $protocol
from wormctl.hookspecs import Offer, hookimpl

from $package.$kind import ${title}Config, ${title}$made


@hookimpl
def $hook(register: Callable[[Offer[$protocol]], None]) -> None:
    """Offer the $kind. Nothing is opened here, nor when it is made."""
    register(
        Offer(
            name="$name",
            summary="one line for `wormctl plugin list`",
            config=${title}Config,
            make=${title}$made,
            api_version=$api,
        )
    )
'''

_TEST = '''\
"""What passes here works in the loop. It uses the device as it stands: where that is real, give it a fake.

On a serial port, the `fake_port` of wormctl's kit stands in for the board:

    def test_conformance(fake_port) -> None:
        port = fake_port()
        port.repeat(b"what the board sends", every_s=0.1)
        check_plugin($package.plugin, settings={"port": port.path})
"""

import $package.plugin
from wormctl.testing import check_plugin


def test_conformance() -> None:
    check_plugin($package.plugin)
'''

FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "src/$package/__init__.py": '"""The $kind $name for wormctl."""\n',
    "src/$package/plugin.py": _PLUGIN,
    "src/$package/py.typed": "",
    "tests/test_${word}_conformance.py": _TEST,
}
