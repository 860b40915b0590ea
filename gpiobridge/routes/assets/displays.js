/* The list of displays: it renews itself, and says so when it can't. */
"use strict";
(() => {
  const EVERY_MS = 2000;
  const ANSWER_MS = 5000;

  const address = new URL(location.href);
  if (address.searchParams.has("token")) {
    address.searchParams.delete("token"); // in a cookie by now: not on the screen
    history.replaceState(null, "", address);
  }

  async function renew() {
    let main = null;
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "text/html" },
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        main = page.querySelector("main");
      }
    } catch {
      // it is said below
    }
    document.querySelector(".error").hidden = Boolean(main);
    if (main) document.querySelector("main").replaceWith(main);
    setTimeout(renew, EVERY_MS);
  }

  setTimeout(renew, EVERY_MS);
})();
