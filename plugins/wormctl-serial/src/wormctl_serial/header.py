"""Writes the C side of `messages.py`: `python3 -m wormctl_serial.header FILE`; `--check FILE` sees whether it is that.

Run by the firmware's `make` without an installation: standard library only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from wormctl_serial import messages

_C_TYPES = {"u8": "uint8_t", "i16": "int16_t", "u16": "uint16_t", "u32": "uint32_t"}


def _enums() -> Iterator[str]:
    for kind in messages.ENUMS:
        doc = (kind.__doc__ or "").strip().splitlines()[0]
        yield f"/* {doc} */"
        yield f"enum {kind.__name__.lower()} {{"
        yield from (f"    {kind.__name__.upper()}_{one.name} = {one.value}," for one in kind)
        yield "};"
        yield ""


def _message(message: messages.Message) -> Iterator[str]:
    name = message.name.lower()
    yield f"/* {message.name}: {message.doc}. */"
    yield f"#define MSG_{message.name} 0x{message.number:02x}"
    if message.fields:
        yield f"struct msg_{name} {{"
        for field in message.fields:
            count = f"[{field.size}]" if field.size > 1 else ""
            yield f"    {_C_TYPES[field.kind]} {field.name}{count}; /* {field.doc} */"
        yield "} __attribute__((packed));"
        yield f'_Static_assert(sizeof(struct msg_{name}) == {message.layout.size}, "{message.name}");'
    yield ""


def header() -> str:
    """The whole file."""
    lines = [
        "/* Written by wormctl_serial/header.py from wormctl_serial/messages.py. Change those, then: make header */",
        "/* clang-format off */",
        "#ifndef WORMCTL_MESSAGES_H",
        "#define WORMCTL_MESSAGES_H",
        "",
        "#include <stdint.h>",
        "",
        "#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__",
        '#error "messages lie in memory as they travel: little end first"',
        "#endif",
        "",
        "/* A hash of all of this; a host with another does not arm. */",
        f"#define SCHEMA 0x{messages.SCHEMA:08x}UL",
        "",
        *(f"#define {name} {value}" for name, value in messages.CONSTANTS.items()),
        "",
        "/* What the safety room holds to; angles in units of 0.1 mrad. */",
        *(f"#define {name} {value} /* {doc} */" for name, (value, doc) in messages.SAFETY.items()),
        "",
        *_enums(),
    ]
    for message in messages.MESSAGES:
        lines += _message(message)
    lines.append("#endif")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check a header; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--check", action="store_true", help="write nothing: fail if the file is not as it should be"
    )
    args = parser.parse_args()
    wanted = header()
    if not args.check:
        args.file.write_text(wanted)
    elif not args.file.exists() or args.file.read_text() != wanted:
        print(
            f"{args.file} is not what messages.py says: run `make header`, and look at what changes",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
