// The page around another site's page: says so when the site can't be shown, and tries again.
//
// A page may not look into a frame of another site. But the frame is an <object>, which tells an
// error from a page, even if the site loads itself anew later; an answer that nobody may read is
// still an answer; and the browser tells which policy has stopped a redirect:
//
//     loading ──load──▶ shown ──error──▶ why? ──▶ a sentence, and after a while ──▶ loading
//        └──────────────────────error────▶┘
//
// WebKit tells no error: there the site is asked after each load, and one that forbids frames leaves
// the frame empty.
(() => {
  "use strict";

  const ANSWER_MS = 5000; // a site that needs longer is away
  const LOAD_MS = 15_000; // after so long without a word of the frame, the site is asked
  const AWAY_MS = 3000; // how often a site that is away is asked
  const REFUSED_MS = 60_000; // how often one that can't be shown is tried again
  const POLICY_MS = 100; // until the browser has told of its policy

  const tellsErrors = "responseStatus" in PerformanceResourceTiming.prototype;

  let frame = null;
  let loads = 0; // counts them: what was found out about an earlier one is void
  let failed = false; // the frame has told an error
  let elsewhere = ""; // where the address leads, if the policy of this page forbids it
  let timer = 0;

  /** Cover the frame with a sentence, or with nothing while it isn't known what to say. */
  function say(sentence) {
    const line = document.querySelector("p");
    if (line.textContent !== sentence) line.textContent = sentence;
    line.hidden = false;
    frame.inert = true;
  }

  function uncover() {
    document.querySelector("p").hidden = true;
    frame.inert = false;
  }

  function later(act, ms) {
    clearTimeout(timer);
    timer = setTimeout(act, ms);
  }

  /** Load the site anew; what covers the frame stays until it is there. */
  function load() {
    loads += 1;
    failed = false;
    elsewhere = "";
    const next = frame.cloneNode(); // the same address again would change nothing
    frame.replaceWith(next);
    frame = next;
    later(judge, LOAD_MS);
  }

  /** Whether the site answers; what it says can't be read. */
  async function answers() {
    const how = { method: "HEAD", mode: "no-cors", cache: "no-store", credentials: "omit" };
    try {
      await fetch(frame.data, { ...how, signal: AbortSignal.timeout(ANSWER_MS) });
      return true;
    } catch {
      return false;
    }
  }

  /** Find out why the site isn't there, and say it. */
  async function judge() {
    const load_ = loads;
    const there = await answers();
    await new Promise((done) => setTimeout(done, POLICY_MS));
    if (load_ !== loads) return;
    const { host } = new URL(frame.data);
    if (elsewhere) {
      say(`${host} leads to ${elsewhere}, which this page may not show.`);
      later(load, REFUSED_MS);
    } else if (!there) {
      say(`${host} doesn't answer; it is shown as soon as it does.`);
      later(wait, AWAY_MS);
    } else if (failed) {
      say(`${host} can't be shown here: it forbids frames, or answers with an error.`);
      later(load, REFUSED_MS);
    }
  }

  async function wait() {
    const load_ = loads;
    const there = await answers();
    if (load_ !== loads) return;
    if (there) load();
    else later(wait, AWAY_MS);
  }

  document.addEventListener("load", ({ target }) => {
    if (target !== frame) return;
    clearTimeout(timer);
    failed = false;
    uncover();
    if (!tellsErrors) judge();
  }, true);

  document.addEventListener("error", ({ target }) => {
    if (target !== frame) return;
    clearTimeout(timer);
    failed = true;
    if (document.querySelector("p").hidden) say("");
    judge();
  }, true);

  document.addEventListener("securitypolicyviolation", ({ blockedURI }) => {
    const there = URL.canParse(blockedURI) ? new URL(blockedURI).origin : "";
    const isItself = !there || there === new URL(frame.data).origin;
    if (!isItself || !elsewhere) elsewhere = isItself ? "another site" : there;
  });

  // The frame is there before its first event: the parser has just added it.
  new MutationObserver((_, observer) => {
    frame ??= document.querySelector("object");
    if (!frame) return;
    observer.disconnect();
    later(judge, LOAD_MS);
  }).observe(document, { childList: true, subtree: true });
})();
