"""Text of strangers on its way to a terminal. No imports: the command line prints its errors through it."""


def printable(text: str) -> str:
    """`text` with every control character but the newline written out (`\\x1b`), so that it steers no terminal."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def one_line(text: str) -> str:
    """`printable(text)` with each run of white space as one space."""
    return printable(" ".join(text.split()))
