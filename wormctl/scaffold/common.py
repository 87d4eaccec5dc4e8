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

FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "src/$package/__init__.py": '"""The $kind $name for wormctl."""\n',
    "src/$package/py.typed": "",
}
