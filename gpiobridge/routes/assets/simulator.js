/*
 * The simulator page: its buttons press simulated pins, and set their levels, by POST.
 *
 * A pin's actual level comes back through the bridge: client.js writes data-level and data-active
 * on every element with data-pin, as on any page.
 */
"use strict";
(() => {
  const PRESS_MS = 150; // a press of a finger
  const MARGIN_MS = 20; // the pin changes before we receive it, and timers are coarse
  const ANSWER_MS = 5000;
  const { prefix } = document.currentScript.dataset;
  const error = document.querySelector(".error[role=alert]");

  const other = (level) => (level === "low" ? "high" : "low");
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Set a pin's level, perhaps for a time; resolve to whether it worked, and show why not. */
  async function set(pin, level, forMs) {
    let problem = "";
    try {
      const answer = await fetch(`${prefix}/simulator/pins/${encodeURIComponent(pin)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(forMs ? { level, for: `${forMs}ms` } : { level }),
        keepalive: true, // the request must arrive even if this page is closed now
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.status === 400) {
        problem = `The bridge refused it: ${await answer.text()}`;
      } else if (answer.status === 404) {
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
    // How long a level must last to settle; how long the pin must be pressed, and released, for that
    // to count.
    const settleMs = Number(card.dataset.settleMs) + MARGIN_MS;
    const pressMs = Number(card.dataset.pressMs) + MARGIN_MS;
    const restMs = Number(card.dataset.restMs) + MARGIN_MS;
    let restedMs = 0; // the moment from which a press is a press of its own
    const press = card.querySelector(".press");
    const hold = card.querySelector(".hold");
    let turn = Promise.resolve();
    let waiting = 0;

    /** Do one thing at a time: a second click waits until the first has settled. */
    function inTurn(act) {
      if (waiting > 2) return; // after many fast clicks, few remain to be done
      waiting += 1;
      turn = turn.then(act).finally(() => {
        waiting -= 1;
      });
    }

    function showHeld(held) {
      hold.setAttribute("aria-pressed", held);
      // Not `disabled`: that would take the keyboard's focus away.
      press.setAttribute("aria-disabled", held);
    }
    const isHeld = () => hold.getAttribute("aria-pressed") === "true";

    async function pressOnce() {
      if (isHeld()) return;
      press.classList.add("busy");
      await sleep(Math.max(0, restedMs - performance.now()));
      const forMs = Math.max(PRESS_MS, pressMs);
      // The bridge itself releases the pin: this page may be closed meanwhile.
      if (await set(pin, activeLevel, forMs)) await sleep(forMs + restMs);
      press.classList.remove("busy");
    }

    async function toggleHold() {
      const held = !isHeld();
      if (await set(pin, held ? activeLevel : other(activeLevel))) {
        showHeld(held);
        restedMs = performance.now() + restMs;
        await sleep(settleMs); // a hand may be quicker than a dwell, and tremble
      }
    }

    press.addEventListener("click", () => inTurn(pressOnce));
    hold.addEventListener("click", () => inTurn(toggleHold));

    // A key that is held down repeats its click, but it is only one press.
    card.addEventListener("keydown", (event) => {
      if (event.repeat && event.key === "Enter") event.preventDefault();
    });

    // Someone else may hold the pin, or a reload forgot that it is held: "Hold" shows what is so.
    new MutationObserver(() => {
      if (!waiting) showHeld(card.dataset.active === "true");
    }).observe(card, { attributeFilter: ["data-active"] });
    if (card.dataset.active === "true") showHeld(true);
  }

  document.querySelectorAll("li[data-pin]").forEach(wire);

  document.addEventListener("gpiobridge:output", ({ detail: { output, state } }) => {
    const card = document.querySelector(`li[data-output="${CSS.escape(output)}"]`);
    if (!card) return;
    card.dataset.state = state;
    card.style.setProperty("--blink", `${card.dataset.blinkMs}ms`);
    card.querySelector(".state").textContent = state;
  });
})();
