"""The page around another site's page: one of ours, with the site in a frame that fills it.

A page with a ``url`` gets it in place of a template. What finds out that the site is away, or
forbids frames, is in ``assets/site.js``: the service itself may have no network. Any HTTP thread.
"""

from functools import cache

from flask import Response, request
from jinja2 import Template

from gpiobridge.config import Page
from gpiobridge.net.hosts import origin_of
from gpiobridge.routes.html import STRICT_CSP
from gpiobridge.routes.page_script import ASSETS, asset_version

# The site in the frame is bound by it, too: a frame may do no more than the page around it.
#   allow-scripts, allow-same-origin   the site runs, and keeps its own origin, with its cookies
#   allow-forms                        a search, a log-in
# Left out: the tab is the exhibit's (allow-top-navigation), a new window would cover it
# (allow-popups), and nobody is there to answer or to take a file (allow-modals, allow-downloads).
_SANDBOX = "sandbox allow-scripts allow-same-origin allow-forms"


def answer_with_site(page: Page) -> Response:
    """Answer with the page around another site's page.

    Args:
        page: a page with a `url`.
    """
    own = origin_of(request.host_url) == origin_of(page.url)
    text = _template().render(
        page=page,
        prefix=request.script_root,
        own=own,
        script=asset_version("site.js"),
        style=asset_version("site.css"),
    )
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _policy(page.sites)
    # Its origin, but no path: some sites show nothing in a frame without it, such as films.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _policy(sites: tuple[str, ...]) -> str:
    """Make the policy: the sites alone may be in the frame, and are asked whether they are there.

    The frame is an ``<object>``, the one element by which a browser tells an error from a page.
    """
    listed = " ".join(sites)
    asked = STRICT_CSP.replace("connect-src 'self'", f"connect-src 'self' {listed}")
    return f"{asked}; frame-src {listed}; object-src {listed}; {_SANDBOX}"


@cache
def _template() -> Template:
    # Not render_template: an exhibit may have a template of this name.
    made: Template = Template((ASSETS / "site.html").read_text("utf-8"), autoescape=True)
    return made
