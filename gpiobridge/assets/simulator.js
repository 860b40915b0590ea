/*
 * The simulator page: its buttons set the levels of simulated pins by POST.
 *
 * What a pin's level *is* comes back by the bridge's own way: client.js writes data-level and
 * data-active on every element with data-pin, as on any page.
 */
"use strict";
(() => {
  const PRESS_MS = 150; // a press of a finger, and well above the default debounce of 20 ms
  const ANSWER_MS = 5000;
  const { prefix } = document.currentScript.dataset;
  const error = document.querySelector(".error[role=alert]");

  const other = (level) => (level === "low" ? "high" : "low");
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Set a pin's level; resolve to whether it worked, and say in the page why it didn't. */
  async function set(pin, level) {
    let problem = "";
    try {
      const answer = await fetch(`${prefix}/simulator/pins/${encodeURIComponent(pin)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ level }),
        keepalive: true, // a release must arrive even if this page is closed now
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.status === 404) {
        problem = "The bridge has no such simulated pin any more. Reload this page.";
      } else if (!answer.ok) {
        problem = `The bridge refused it (${answer.status} ${answer.statusText}); its log says why.`;
      }
    } catch {
      problem = "The bridge did not answer. Is it still running?";
    }
    error.textContent = problem && `The pin “${pin}” could not be set to ${level.toUpperCase()}. ${problem}`;
    error.hidden = !problem;
    return !problem;
  }

  function wire(card) {
    const { pin, activeLevel } = card.dataset;
    const press = card.querySelector(".press");
    const hold = card.querySelector(".hold");
    let busy = false; // one POST at a time, so that a release can't overtake its press

    function showHeld(held) {
      hold.setAttribute("aria-pressed", held);
      // Not `disabled`: that would take the keyboard's focus away.
      press.setAttribute("aria-disabled", held);
    }
    const isHeld = () => hold.getAttribute("aria-pressed") === "true";

    press.addEventListener("click", async () => {
      if (busy || isHeld()) return;
      busy = true;
      press.classList.add("busy");
      if (await set(pin, activeLevel)) {
        await sleep(PRESS_MS);
        await set(pin, other(activeLevel));
      }
      press.classList.remove("busy");
      busy = false;
    });

    hold.addEventListener("click", async () => {
      if (busy) return;
      busy = true;
      const held = !isHeld();
      if (await set(pin, held ? activeLevel : other(activeLevel))) showHeld(held);
      busy = false;
    });

    // A key kept down repeats its click: that would be a machine gun, not a press.
    card.addEventListener("keydown", (event) => {
      if (event.repeat && event.key === "Enter") event.preventDefault();
    });

    // A page closed in the middle of a press must not leave the pin active.
    addEventListener("pagehide", () => {
      if (press.classList.contains("busy")) set(pin, other(activeLevel));
    });

    // The pin may be held by someone else, or since before a reload: "Hold" shows what is so.
    new MutationObserver(() => {
      if (!busy) showHeld(card.dataset.active === "true");
    }).observe(card, { attributeFilter: ["data-active"] });
    if (card.dataset.active === "true") showHeld(true);
  }

  document.querySelectorAll("li[data-pin]").forEach(wire);
})();
