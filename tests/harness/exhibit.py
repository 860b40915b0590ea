"""An exhibit to run in a test: three pages and two pins."""

from pathlib import Path

CONFIG = """\
[server]
start = "welcome"
{server}
[pins]
button = 17
door = {{ pin = 27, pull = "down" }}

[pages.welcome]
on_low.button = "open"

[pages.open]
on_low.button = "welcome"

[pages.still]
"""

PAGE = """\
<!doctype html>
<html lang="en">
<head><title>{name}</title></head>
<body><h1>{name}</h1><p data-pin="button">button</p><p data-pin="door">door</p></body>
</html>
"""

HOOK = """\
[server]
start = "welcome"
{server}
[pins]
button = 17
bell = {{ source = "http" }}
[pages.welcome]
on_low.bell = "open"
[pages.open]
"""


def write_exhibit(folder: Path, server: str = "", config: str = CONFIG) -> Path:
    """Write an exhibit of three pages and two pins; return its config.toml."""
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    for name in ("welcome", "open", "still"):
        (folder / "templates" / f"{name}.html").write_text(PAGE.format(name=name))
    (folder / "static" / "a.txt").write_text("0123456789")
    path = folder / "config.toml"
    path.write_text(config.format(server=server))
    return path
