// Which pages are held behind the shown one: those that it leads to and that say `prerender = true`.
//
// All frames share one thread with the shown page. So pages are loaded one after the other, once the
// shown page is painted and while nobody touches it, and a page that holds the thread is left out.
// How many are held depends on `[stage] ahead` and on memory.

import { FramedPage } from "./framed_page.js";

const POLL_MS = 2000; // how often the server is asked whether its pages have changed
const STALL_MS = 500; // a page that held the thread for longer is not staged again
const TICK_MS = 50; // how the thread is felt where the browser tells of no long tasks
const SETTLE_MS = 500; // a page's late scripts belong to its load
const AGAIN_MS = 30_000; // when a page that could not be loaded is tried again
const QUIET_MS = 1500; // after so long without a touch or key, nobody uses the shown page
const MAX_DECODED_BYTES = 128 * 1024 * 1024; // of the pictures in all pages behind
// Not a mouse that only moves: one that lies on a table may do so for ever.
const USES = ["pointerdown", "pointerup", "wheel", "touchmove", "keydown", "input"];
const ANSWER_MS = 2000; // a server that needs longer counts as down for now

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** How many pages this machine can hold, from its memory in GiB, if the browser tells it. */
function mostFor(memoryGib) {
  if (memoryGib === undefined || memoryGib > 1) return Infinity;
  return memoryGib > 0.5 ? 1 : 0;
}

export class Ahead {
  /**
   * @param {object} stage to which the pages belong.
   * @param {object} told what the server has told with the stage.
   * @param {string} prefix of the bridge's own routes.
   */
  constructor(stage, told, prefix) {
    this.stage = stage;
    this.told = told;
    this.prefix = prefix;
    this.begun = told.stage; // the version of this stage itself
    this.pages = []; // held behind, or being loaded
    this.held = new Set(told.held); // names of the pages that are not staged in this run
    this.notBefore = new Map(); // address to ms: when a page that failed may be tried again
    this.usedAtMs = -Infinity;
    this.staging = null; // the page that is being loaded, or settles
    this.resting = false; // a press's page is being loaded
    // By its name a display is known to a new browser, too; without one, only this tab is.
    const name = document.documentElement.dataset.display;
    this.markKey = `gpiobridge${prefix}:staging:${name}`;
    this.markStorage = name ? "localStorage" : "sessionStorage";
    this.#reportHang();
    this.#listenForStalls();
    addEventListener("languagechange", () => this.#dropAll());
    addEventListener("pagehide", () => this.#mark(""));
    setInterval(() => this.#ask(), POLL_MS);
  }

  get isOutdated() {
    return this.told.stage !== this.begun;
  }

  /** Whether the server answers for the stage: a navigation would lead to an error page else. */
  async isServed() {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      return (await fetch(location.href, { method: "HEAD", cache: "no-store", signal })).ok;
    } catch {
      return false;
    }
  }

  /** Whether the page at ``url`` forbids frames, so that it can only be shown alone. */
  isAlone(url) {
    return (this.told.alone ?? []).some((name) => this.told.paths[name] === url.pathname);
  }

  /** The same of a page that could not be loaded; by its answer the server knows now. */
  async learnsAlone(url) {
    await this.#ask();
    const name = this.#nameOf({ url });
    if (this.isAlone(url) || !name || !(await this.#isForbidden(url))) return this.isAlone(url);
    await this.#report(name, "frames"); // a proxy says so: the bridge can't see it
    await this.#ask();
    return this.isAlone(url);
  }

  /** Whether the answer for ``url`` has a header that forbids frames, of a proxy, too. */
  async #isForbidden(url) {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const { headers } = await fetch(url, { method: "HEAD", cache: "no-store", signal });
      const policies = headers.get("Content-Security-Policy") ?? "";
      const found = [...policies.matchAll(/frame-ancestors([^;,]*)/gi)];
      const isUs = (source) => ["'self'", "*", location.host, location.origin].includes(source);
      // Where a policy names the ancestors, X-Frame-Options doesn't count.
      if (found.length) return !found.every(([, sources]) => sources.split(/\s+/).some(isUs));
      return headers.get("X-Frame-Options")?.trim().toLowerCase() === "deny";
    } catch {
      return false; // the server is down
    }
  }

  fades({ name }) {
    return this.told.transition[name] === "fade";
  }

  #find(url) {
    return this.pages.find((page) => page.url.href === url.href && !page.removed);
  }

  #isFresh(page) {
    const ageS = (performance.now() - page.stagedAtMs) / 1000;
    return page.version === this.told.pages && ageS < this.told.fresh_s;
  }

  /** Take the page at ``url`` out of those that are held, to show it. */
  take(url) {
    const page = this.#find(url);
    if (!page || !this.#isFresh(page)) return null;
    this.pages = this.pages.filter((each) => each !== page);
    if (page === this.staging) this.#endStaging();
    return page;
  }

  /** Load nothing: the page for a press comes first. */
  rest() {
    this.resting = true;
    for (const page of this.pages.filter(({ ready }) => !ready)) this.#drop(page);
  }

  goOn() {
    this.resting = false;
    this.#stageNext();
  }

  /** Hold the pages behind ``shown`` to which it leads, and no others. */
  follow(shown) {
    this.resting = false;
    this.#dropOthers();
    const used = () => { this.usedAtMs = performance.now(); };
    if (shown.document) {
      for (const use of USES) {
        shown.view.addEventListener(use, used, { capture: true, passive: true });
      }
    }
    shown.document?.addEventListener("gpiobridge:online", () => this.#stageNext());
    this.#verify(shown);
    this.#stageNext();
  }

  /** The addresses of the pages that may be held behind the shown one, the most likely first. */
  #targets() {
    if (this.isOutdated) return []; // this stage is loaded anew with the next page
    const most = Math.min(this.told.most, mostFor(navigator.deviceMemory));
    const names = Object.fromEntries(Object.entries(this.told.paths).map(([n, p]) => [p, n]));
    return (this.told.ahead[this.stage.shown?.name] ?? [])
      .filter((path) => !this.held.has(names[path]))
      .slice(0, most)
      .map((path) => new URL(path, location.href).href);
  }

  /**
   * Whether the shown page is in touch with the server, if it has the bridge's client. Only then is
   * a page missed, and the browser of a kiosk restarted, if what is staged hangs.
   */
  get #isShownOnline() {
    const { shown } = this.stage;
    if (!shown?.client) return Boolean(shown);
    return shown.document?.documentElement.dataset.bridge === "online";
  }

  /** Stage one page that is missing or no longer fresh; then the next. */
  #stageNext() {
    if (this.staging || this.resting || document.hidden || !this.#isShownOnline) return;
    if (performance.now() - this.usedAtMs < QUIET_MS) return; // the next poll tries again
    const missing = this.#targets().find((href) => {
      const page = this.#find(new URL(href));
      const failed = performance.now() < (this.notBefore.get(href) ?? 0);
      return !failed && (!page || !this.#isFresh(page));
    });
    if (!missing) return;
    const old = this.#find(new URL(missing));
    if (old) this.#drop(old);
    this.#stage(new URL(missing));
  }

  async #stage(url) {
    const page = new FramedPage(url);
    page.staged = true;
    page.version = this.told.pages;
    page.stagedAtMs = performance.now();
    this.pages.push(page);
    this.staging = page;
    this.#mark(this.#nameOf(page));
    this.#feelThread(page);
    await page.load();
    const isItself = page.ready && (await this.#isItself(page));
    if (this.staging !== page) return; // it was taken for a press, or dropped
    if (isItself) await pause(SETTLE_MS);
    else this.notBefore.set(url.href, performance.now() + AGAIN_MS);
    if (this.staging !== page) return;
    if (this.#decodedBytes() > MAX_DECODED_BYTES) {
      this.held.add(this.#nameOf(page)); // known to this stage only: another screen may be smaller
    }
    if (isItself && !this.held.has(this.#nameOf(page))) this.#endStaging();
    else this.#drop(page);
    this.#stageNext();
  }

  /** The page that is being staged is complete, taken for a press, or dropped. */
  #endStaging() {
    clearInterval(this.staging.ticks);
    this.staging = null;
    this.#mark("");
  }

  /** Whether this is the page that was asked for, not an error or another one in its place. */
  async #isItself({ url, view, status }) {
    if (view.location.href !== url.href) return false;
    if (status) return status < 400;
    try {
      return (await fetch(url, { method: "HEAD", cache: "no-store" })).ok; // an older browser
    } catch {
      return false;
    }
  }

  #drop(page) {
    if (page === this.staging) this.#endStaging();
    page.remove();
    this.pages = this.pages.filter((each) => each !== page);
  }

  /** Drop the pages that need no longer be held. */
  #dropOthers() {
    const targets = this.#targets();
    for (const page of this.pages.filter(({ url }) => !targets.includes(url.href))) {
      this.#drop(page);
    }
  }

  #dropAll() {
    for (const page of [...this.pages]) this.#drop(page);
    this.#stageNext();
  }

  #nameOf({ url }) {
    return Object.entries(this.told.paths).find(([, path]) => path === url.pathname)?.[0] ?? "";
  }

  #decodedBytes() {
    const images = this.pages.flatMap((page) => [...(page.document?.images ?? [])]);
    return images.reduce((sum, i) => sum + 4 * i.naturalWidth * i.naturalHeight, 0);
  }

  // ------------------------------------------------------------------ what has changed

  /** Where the server tells of its pages; `ahead=` of our own address is for it, too. */
  #toldBy() {
    const url = new URL(`${this.prefix}/gpiobridge/stage.json`, location.href);
    const most = new URLSearchParams(location.search).get("ahead");
    if (most !== null) url.searchParams.set("ahead", most);
    return url;
  }

  async #ask() {
    try {
      const answer = await fetch(this.#toldBy(), { cache: "no-cache" });
      if (!answer.ok) return;
      const before = this.told;
      this.told = await answer.json();
      if (before.pages !== this.told.pages) this.held = new Set();
      for (const name of this.told.held) this.held.add(name);
      this.#dropOthers();
    } catch {
      return; // the server is down: the next poll tells
    }
    this.#stageNext();
  }

  /** A page that was staged before an edit must not stay on the screen. */
  async #verify(shown) {
    if (!shown.staged) return;
    await this.#ask();
    if (shown === this.stage.shown && shown.version !== this.told.pages) shown.client?.reload();
  }

  // ------------------------------------------------------------------ pages that hold the thread

  #listenForStalls() {
    const types = window.PerformanceObserver?.supportedEntryTypes ?? [];
    this.tellsTasks = types.includes("longtask");
    if (!this.tellsTasks) return;
    new PerformanceObserver((list) => {
      for (const { duration, attribution } of list.getEntries()) {
        const id = attribution[0]?.containerId;
        const page = id && this.pages.find(({ element }) => element.id === id);
        if (page && duration > STALL_MS) this.#exclude(page, "slow");
      }
    }).observe({ type: "longtask" });
  }

  /** Where the browser tells of no long tasks: whatever stalls while a page is loaded is its own. */
  #feelThread(page) {
    if (this.tellsTasks) return;
    let beforeMs = performance.now();
    page.ticks = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - beforeMs > STALL_MS + TICK_MS) this.#exclude(page, "slow");
      beforeMs = nowMs;
    }, TICK_MS);
  }

  #exclude(page, why) {
    this.#drop(page);
    this.#report(this.#nameOf(page), why);
  }

  /** The page that was being staged when the tab hung or crashed. */
  #reportHang() {
    let mark = "";
    try {
      mark = window[this.markStorage].getItem(this.markKey) ?? "";
    } catch {
      return;
    }
    const [name, version] = mark.split(" ");
    this.#mark("");
    const run = (pages) => pages?.split("-")[0];
    if (name && run(version) === run(this.told.pages)) this.#report(name, "hung");
  }

  #mark(name) {
    try {
      const storage = window[this.markStorage];
      if (name) storage.setItem(this.markKey, `${name} ${this.told.pages}`);
      else storage.removeItem(this.markKey);
    } catch {
      // forbidden: then a page that hangs is staged again
    }
  }

  #report(page, why) {
    this.held.add(page);
    return fetch(`${this.prefix}/gpiobridge/stage/held`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ page, why }),
    }).catch(() => {}); // the server is down: this stage leaves the page out all the same
  }
}
