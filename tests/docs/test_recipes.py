"""The recipes of docs/recipes.md work as printed, in a real Chromium where they have a page."""

import os
import re
import shlex
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness.bridge_process import BridgeProcess
from harness.deadline import DEADLINE_S, wait_until
from harness.pages import ONLINE

from gpiobridge import GpioBridge

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ENVIRONMENT = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}

# What a beginner's file needs: its functions have no type hints, all it calls must fit ours.
UNTYPED = ("--strict", "--check-untyped-defs", "--allow-untyped-defs", "--allow-incomplete-defs",
           "--allow-untyped-calls", "--allow-untyped-decorators",
           "--disable-error-code=import-untyped")  # fmt: skip


class Recipe(NamedTuple):
    """One recipe: its files by name, and its commands, a list for each block."""

    files: dict[str, str]
    commands: list[list[str]]


def read_recipes() -> dict[str, Recipe]:
    """Read all recipes, by their headings."""
    recipes = {}
    text = (ROOT / "docs" / "recipes.md").read_text("utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        files = re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        assert section.count("\n```") == 2 * (len(files) + len(blocks)), section
        joined = [block.replace("\\\n", " ").splitlines() for block in blocks]
        recipes[section.partition("\n")[0]] = Recipe(dict(files), joined)
    return recipes


RECIPES = read_recipes()


class Served(BridgeProcess):
    """A recipe that runs: under `flask run`, or as `gpiobridge run`."""

    READY = r"(?:pages at|Running on) (http://[^/]+:(\d+))"

    def press(self) -> None:
        """Press the button, and let it go."""
        done = subprocess.run(
            [BIN / "gpiobridge", "press", "button", "--for", "50ms", "--url", self.url], timeout=20
        )
        assert done.returncode == 0


@pytest.fixture
def recipe(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """A function that writes a recipe's files, and runs its commands up to the server's."""
    running: list[Served] = []

    def run(title: str, block: int = 0, extra: str = "--port 0") -> Served:
        for name, text in RECIPES[title].files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            if not (tmp_path / name).exists():
                (tmp_path / name).write_text(text, "utf-8")
        *before, server = RECIPES[title].commands[block]
        script = [line for line in before if not line.startswith("pip install ")]
        assert server in ("flask --app app run", "gpiobridge run")
        script.append(f"exec {server} {extra}")
        running.append(
            Served(
                None,
                port=None,
                command=["sh", "-e", "-c", "\n".join(script)],
                cwd=tmp_path,
                env=ENVIRONMENT,
            )
        )
        return running[-1]

    yield run
    for served in running:
        if served.process.poll() is None:
            served.stop(2)


def at(server: Served, text: str) -> str:
    """A printed text with the address that a server really has."""
    return re.sub(r"http://127\.0\.0\.1:[58]000", server.url, text)


def shell(server: Served, command: str) -> str:
    """Run a printed command, such as curl's, against a server; return what it said."""
    done = subprocess.run(
        shlex.split(at(server, command)),
        capture_output=True,
        text=True,
        timeout=20,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def open_page(page: Any, url: str) -> None:
    """Open a page and wait until its socket is up."""
    page.goto(url)
    page.wait_for_selector(ONLINE)


@pytest.fixture
def other(browser: Any) -> Iterator[Any]:
    """A tab in a second browser: it shares no cookie with `page`."""
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    yield tab
    context.close()


# ---------------------------------------------------------------------- the page as a whole


def test_every_recipe_has_a_test() -> None:
    """A recipe that is added needs a test, and the list at the top has them all."""
    tested = set(re.findall(r'^    \w+ = recipe\("(.+?)"', Path(__file__).read_text(), re.M))
    assert tested | {"A Python program that listens"} == set(RECIPES)
    listed = re.findall(r"^- \[(.+)\]\(#(.+)\)$", (ROOT / "docs/recipes.md").read_text(), re.M)
    assert [title for title, _ in listed] == list(RECIPES)
    for title, anchor in listed:
        assert re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") == anchor


def write_modules(folder: Path) -> list[str]:
    """Write all Python blocks as modules of different names."""
    names = []
    for number, recipe in enumerate(RECIPES.values()):
        for name, text in recipe.files.items():
            if name.endswith(".py"):
                names.append(f"recipe_{number}_{name}")
                (folder / names[-1]).write_text(text, "utf-8")
    return names


def mypy(folder: Path, *arguments: str | Path) -> str:
    """What mypy says of a user's modules; nothing is right."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--follow-imports=silent",
         f"--cache-dir={ROOT / '.mypy_cache' / 'recipes'}", *arguments],
        cwd=folder,  # not below our own settings
        env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.timeout(110)
def test_types(tmp_path: Path) -> None:
    """No recipe uses the bridge against its types, though its own functions have no hints."""
    names = write_modules(tmp_path)
    assert mypy(tmp_path, *UNTYPED, *names) == ""


@pytest.mark.timeout(110)
def test_types_of_a_typed_application(tmp_path: Path) -> None:
    """An application that uses all of the public API passes `mypy --strict`."""
    source = ROOT / "tests" / "typed_application.py"
    public = {name for name in vars(GpioBridge) if not name.startswith("_")}
    assert public <= set(re.findall(r"bridge\.(\w+)", source.read_text()))
    assert mypy(tmp_path, "--strict", source) == ""


def test_style(tmp_path: Path) -> None:
    """Every Python block is written as ruff would write it."""
    names = write_modules(tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        [*ruff, "check", "--isolated", "--select=B,C4,E,F,I,N,PT,RUF,SIM,UP,W"],
        [*ruff, "format", "--isolated", "--check"],
    ):
        done = subprocess.run(
            [*command, "--line-length=100", *names], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------------- each recipe


def test_pin_goes_low(recipe: Callable[..., Served], page: Any) -> None:
    """A press ends the page's WebSocket with 4000, and the other file is shown."""
    server = recipe("A pin goes LOW: end the WebSocket, show another HTML file")
    open_page(page, server.url)
    assert page.locator("h1").inner_text() == "Press the button"
    server.press()
    page.wait_for_url("**/open")
    assert page.locator("h1").inner_text() == "It is open"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_echo(recipe: Callable[..., Served], page: Any, scheme: str) -> None:
    """What is sent comes back, each in a colour of its own that can be read on its background."""
    server = recipe("An echo page with a coloured log")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 480})
    open_page(page, server.url)
    text = "Grüße <b>" + "x" * 60
    page.locator("input").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_selector("li.back")
    assert page.locator("li").all_inner_texts() == [text, text]
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    sent, back, behind = page.evaluate(COLOURS)
    assert sent != back
    for colour in (sent, back):
        assert contrast(colour, behind) >= 4.5  # WCAG 2, 1.4.3


COLOURS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const probe = document.createElement("p");
  probe.style.color = "Canvas";
  document.body.append(probe);
  const elements = [...document.querySelectorAll("li"), probe];
  return elements.map((element) => rgb(getComputedStyle(element).color));
}"""


def contrast(one: list[int], other: list[int]) -> float:
    """How far apart two colours are in luminance (WCAG 2), 1 to 21."""

    def luminance(colour: list[int]) -> float:
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_dataframe(recipe: Callable[..., Served], page: Any, tmp_path: Path) -> None:
    """The table is there at once, and follows the file, also past one that is half written."""
    server = recipe("Push a dataframe when it changes")
    open_page(page, server.url)
    cells = page.locator("th, td")
    page.wait_for_selector("td")
    assert cells.all_inner_texts() == ["item", "price", "coffee", "2.5", "tea", "1.9"]
    prices, new = tmp_path / "prices.csv", tmp_path / "new.csv"
    for torn in ("", 'item,price\n"tea,1'):
        os.mkfifo(new)
        new.replace(prices)
        prices.write_text(torn)  # which returns when the job has opened it
    new.write_text("item,price\ncoffee,2.7\nwater,\n")
    new.replace(prices)
    page.wait_for_function("document.querySelector('table').innerText.includes('water')")
    assert cells.all_inner_texts() == ["item", "price", "coffee", "2.7", "water", ""]


def test_dataframe_job_runs_once(tmp_path: Path) -> None:
    """A process that only imports the application, as a reloader's parent does, has no job."""
    (tmp_path / "app.py").write_text(RECIPES["Push a dataframe when it changes"].files["app.py"])
    script = "import app, threading; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=20
    )
    assert done.stdout == "1\n", done.stderr


def test_webhook_of_ones_own(recipe: Callable[..., Served], page: Any) -> None:
    """Only a request with the secret shows its notice."""
    server = recipe("A webhook that shows a notice on every screen")
    open_page(page, server.url)
    (command,) = RECIPES["A webhook that shows a notice on every screen"].commands[1]
    assert "403 Forbidden" in shell(server, command.replace("please", "hä"))
    assert page.locator("[role=alert]").inner_text() == ""
    assert shell(server, command) == "shown on 1 screens\n"
    page.wait_for_function("document.querySelector('[role=alert]').innerText === 'Lunch is ready'")


def test_webhook_of_the_bridge(recipe: Callable[..., Served], page: Any) -> None:
    """A program with the token shows a notice through the bridge's own route."""
    server = recipe("A webhook that shows a notice on every screen", block=2)
    open_page(page, server.url)
    (command,) = RECIPES["A webhook that shows a notice on every screen"].commands[3]
    shell(server, command)
    page.wait_for_function("document.querySelector('[role=alert]').innerText === 'Lunch is ready'")


def test_plain_page(recipe: Callable[..., Served], page: Any) -> None:
    """A page of one's own finds a server that was started again, and a press moves it."""
    server = recipe("A page without our script")
    page.goto(server.url)
    wait_until(lambda: len(server.health()["displays"]) == 1)
    assert page.evaluate("window.gpiobridge") is None
    server.stop(2)
    server = recipe("A page without our script", extra=f"--port {server.port}")
    wait_until(lambda: len(server.health()["displays"]) == 1)
    server.press()
    page.wait_for_url("**/open")
    # Chromium keeps a socket that was still connecting, and was closed, with the page in its cache.
    page.wait_for_selector(ONLINE)
    page.go_back(wait_until="commit")  # a page of the cache has no load
    wait_until(lambda: [d["page"] for d in server.health()["displays"]] == ["welcome"])
    server.press()
    page.wait_for_url("**/open")


def test_login(recipe: Callable[..., Served], page: Any, other: Any) -> None:
    """Only who has logged in sees a page, has a socket, and may press."""
    server = recipe("Displays behind a login")
    assert server.get("/ws/welcome")[1].count("Password")
    page.goto(server.url)
    page.wait_for_url("**/login")
    for password in ("sesame", "open sesame"):
        page.locator("input").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    page.wait_for_selector(ONLINE)
    low = {"data": {"level": "low"}}
    assert other.request.post(f"{server.url}/simulator/pins/button", **low).url.endswith("/login")
    assert page.request.post(f"{server.url}/simulator/pins/button", **low).status == 204
    page.wait_for_url("**/open")
    other.goto(f"{server.url}/open")
    other.wait_for_url("**/login")


def test_form(recipe: Callable[..., Served], page: Any) -> None:
    """A press moves a form that came back with its error, and back; with a name it is taken."""
    server = recipe("A form with Flask-WTF")
    open_page(page, server.url)
    page.locator("button").click()
    page.wait_for_selector("[role=alert]")
    page.wait_for_selector(ONLINE)
    server.press()
    page.wait_for_url("**/thanks")
    page.wait_for_selector(ONLINE)
    server.press()  # the script asks by HEAD, which the view must not take for a sent form
    page.wait_for_selector("input[name=name]")
    page.wait_for_selector(ONLINE)
    page.locator("input[name=name]").fill("Ada")
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks")
    assert server.request("/", b"name=Ada")[0] == 400  # the token is asked for


def test_nonces(recipe: Callable[..., Served], page: Any) -> None:
    """The page's own script and the bridge's run, nothing else would; a press moves it."""
    server = recipe("A Content-Security-Policy with nonces")
    open_page(page, server.url)
    page.wait_for_function("document.title === 'Ready'")
    page.wait_for_selector("h1[data-level=high]")
    refused = "document.head.append(Object.assign(document.createElement('script'), {text: 'x=1'}))"
    assert page.evaluate(f"{refused}; typeof x") == "undefined"
    server.press()
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)


def test_chat(recipe: Callable[..., Served], page: Any, other: Any) -> None:
    """A line reaches the other visitor with its writer's name, and is shown once to its writer."""
    server = recipe("A chat")
    open_page(page, f"{server.url}/?display=Ada")
    open_page(other, f"{server.url}/?display=Bob")
    for tab, text in ((page, "hello"), (other, "hi")):
        tab.locator("input").fill(text)
        tab.keyboard.press("Enter")
        for each in (page, other):
            each.wait_for_function(f"document.body.innerText.includes(': {text}')")
    assert page.locator("p").all_inner_texts() == ["Ada: hello", "Bob: hi"]
    assert other.locator("p").all_inner_texts() == ["Ada: hello", "Bob: hi"]


def test_listener(tmp_path: Path) -> None:
    """The program prints a press of the running bridge, and follows to the next page."""
    title = "A Python program that listens"
    ((run, listen, press),) = RECIPES[title].commands
    server = Served(None, port=None, command=[*run.split(), "--port", "0"], env=ENVIRONMENT)
    (tmp_path / "listen.py").write_text(at(server, RECIPES[title].files["listen.py"]))
    listener = subprocess.Popen(
        listen.split(), cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert listener.stdout is not None
    try:
        wait_until(lambda: len(server.health()["displays"]) == 1)
        shell(server, f"{press} --url {server.url}")
        assert [listener.stdout.readline() for _ in range(2)] == ["button low\n", "button high\n"]
    finally:
        listener.terminate()
        listener.wait(DEADLINE_S)
        listener.stdout.close()
        server.stop()


def test_film(recipe: Callable[..., Served], page: Any, tmp_path: Path) -> None:
    """A press leads to the film, a press in it to nothing, its end back."""
    (tmp_path / "static").mkdir()
    with wave.open(str(tmp_path / "static" / "film.mp4"), "wb") as film:
        film.setparams((1, 1, 8000, 0, "NONE", ""))
        film.writeframes(bytes([128]) * 8000 * 2)  # two seconds of silence
    server = recipe("A press plays a film, then the page goes back")
    open_page(page, server.url)
    server.press()
    page.wait_for_url("**/film")
    page.wait_for_function("!document.querySelector('video').paused")
    server.press()
    page.wait_for_url("**/welcome")
    page.wait_for_selector(ONLINE)


def test_count_and_send_home(
    recipe: Callable[..., Served], page: Any, other: Any, tmp_path: Path
) -> None:
    """A press is a line in the file; the staff's button moves the others, and not itself."""
    server = recipe("Count visitors, and send all screens home")
    open_page(page, server.url)
    open_page(other, f"{server.url}/staff")
    server.press()
    page.wait_for_url("**/open")
    page.wait_for_selector(ONLINE)
    other.locator("button").click()
    page.wait_for_url(f"{server.url}/")
    page.wait_for_selector(ONLINE)
    assert sorted(d["page"] for d in server.health()["displays"]) == ["staff", "welcome"]
    (line,) = (tmp_path / "visitors.csv").read_text().splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line)
