// Which pages are held behind the shown one: those that it leads to and that say `prerender = true`.
//
// All frames share one thread with the shown page. So pages are loaded one after the other, once the
// shown page is painted and while nobody touches it, and a page that holds the thread is left out.
// How many are held depends on `[stage] ahead` and on memory.

import { FramedPage } from "./framed_page.js";
import { ask, head } from "./server.js";
import { keep, recall } from "./storage.js";
import { pause } from "./timing.js";

const POLL_MS = 2000; // how often the server is asked whether its pages have changed
const STALL_MS = 500; // a page that held the thread for longer is not staged again
const TICK_MS = 50; // how the thread is felt where the browser tells of no long tasks
const SETTLE_MS = 500; // a page's late scripts belong to its load
const AGAIN_MS = 30_000; // when a page that could not be loaded is tried again
const QUIET_MS = 1500; // after so long without a touch or key, nobody uses the shown page
const ALIVE_MS = 1000; // how long another tab of this display may take to say that it lives
const MAX_DECODED_BYTES = 128 * 1024 * 1024; // of the pictures in all pages behind
// Not a mouse that only moves: one that lies on a table may do so for ever.
const USES = ["pointerdown", "pointerup", "wheel", "touchmove", "keydown", "input"];

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
    this.full = new Set(); // names of those without room beside others, until another page is shown
    this.notBefore = new Map(); // address to ms: when a page that failed may be tried again
    this.usedAtMs = -Infinity;
    this.asked = 0; // how often the server was asked what it tells,
    this.heard = 0; // and the number of the request to which `told` is the answer
    this.staging = null; // the page that is being loaded, or settles
    this.ticks = 0; // by which the thread is felt meanwhile
    this.resting = false; // a press's page is being loaded
    // By its name a display is known to a new browser, too; without one, only this tab is.
    const name = document.documentElement.dataset.display;
    this.markKey = `gpiobridge${prefix}:staging:${name}`;
    this.markStorage = name ? "localStorage" : "sessionStorage";
    this.tabs = name ? new BroadcastChannel(this.markKey) : null; // to other tabs that have this mark
    if (this.tabs) this.tabs.onmessage = ({ data }) => this.#sayAlive(data);
    this.#reportHang();
    this.#listenForStalls();
    addEventListener("languagechange", () => this.#dropAll());
    addEventListener("pagehide", () => this.#mark(""));
    setInterval(() => this.#ask(), POLL_MS);
  }

  get isOutdated() {
    return this.told.stage !== this.begun;
  }

  /** The address of the start page. */
  get start() {
    return new URL(this.told.start, location.href);
  }

  /** The name of the page at ``url``; "" if there is no page of the exhibit. */
  nameOf(url) {
    if (url.origin !== location.origin) return "";
    const isThere = ([, path]) => new URL(path, location.href).pathname === url.pathname;
    return Object.entries(this.told.paths).find(isThere)?.[0] ?? "";
  }

  /** Whether the server answers for the stage: else a navigation would lead to an error page. */
  async isServed() {
    return Boolean((await head(location.href))?.ok);
  }

  /** Whether the page at ``url`` forbids frames, so that it can only be shown alone. */
  isAlone(url) {
    return this.told.alone.includes(this.nameOf(url));
  }

  /** The same of a page that could not be loaded; by its answer the server knows now. */
  async learnsAlone(url) {
    await this.#ask();
    const name = this.nameOf(url);
    if (this.isAlone(url) || !name || !(await this.#isForbidden(url))) return this.isAlone(url);
    await this.#report(name, "frames"); // a proxy says so: the bridge can't see it
    await this.#ask();
    return this.isAlone(url);
  }

  /** Whether the answer for ``url`` has a header that forbids frames, of a proxy, too. */
  async #isForbidden(url) {
    const { ok, headers } = (await head(url)) ?? {};
    if (!ok) return false; // it is an error that could not be loaded, not a page
    const policies = headers.get("Content-Security-Policy") ?? "";
    const found = [...policies.matchAll(/frame-ancestors([^;,]*)/gi)];
    const isUs = (source) => ["'self'", "*", location.host, location.origin].includes(source);
    // Where a policy names the ancestors, X-Frame-Options doesn't count.
    if (found.length) return !found.every(([, sources]) => sources.split(/\s+/).some(isUs));
    return headers.get("X-Frame-Options")?.trim().toLowerCase() === "deny";
  }

  fades({ name }) {
    return this.told.transition[name] === "fade";
  }

  /** The names of the sounds of a page. */
  soundsOf({ name, url }) {
    return this.told.sound?.[name || this.nameOf(url)] ?? [];
  }

  #find(url) {
    return this.pages.find((page) => page.url.href === url.href && !page.removed);
  }

  #isFresh(page) {
    const ageS = (performance.now() - page.stagedAtMs) / 1000;
    return !page.isAstray && page.version === this.told.pages && ageS < this.told.fresh_s;
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
    this.full.clear();
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
    return (this.told.ahead[this.stage.shown?.name] ?? [])
      .map((path) => new URL(path, location.href))
      .filter((url) => !this.#isLeftOut(this.nameOf(url)))
      .slice(0, most);
  }

  #isLeftOut(name) {
    return this.held.has(name) || this.full.has(name);
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
    const missing = this.#targets().find((url) => {
      const page = this.#find(url);
      const failed = performance.now() < (this.notBefore.get(url.href) ?? 0);
      return !failed && (!page || !this.#isFresh(page));
    });
    if (!missing) return;
    const old = this.#find(missing);
    if (old) this.#drop(old);
    this.#stage(missing);
  }

  async #stage(url) {
    const page = new FramedPage(url);
    page.staged = true;
    page.version = this.told.pages;
    page.stagedAtMs = performance.now();
    this.pages.push(page);
    this.staging = page;
    const name = this.nameOf(url);
    this.#mark(name);
    this.#feelThread(page);
    await page.load();
    if (this.staging !== page) return; // it was taken for a press, or dropped
    if (page.ready) await pause(SETTLE_MS);
    else this.notBefore.set(url.href, performance.now() + AGAIN_MS);
    if (this.staging !== page) return;
    if (this.#decodedBytes([page]) > MAX_DECODED_BYTES) {
      this.held.add(name); // known to this stage only: another screen may be smaller
    } else if (this.#decodedBytes(this.pages) > MAX_DECODED_BYTES) this.full.add(name);
    if (page.ready && !this.#isLeftOut(name)) this.#endStaging();
    else this.#drop(page);
    this.#stageNext();
  }

  /** The page that is being staged is complete, taken for a press, or dropped. */
  #endStaging() {
    clearInterval(this.ticks);
    this.staging = null;
    this.#mark("");
  }

  #drop(page) {
    if (page === this.staging) this.#endStaging();
    page.remove();
    this.pages = this.pages.filter((each) => each !== page);
  }

  /** Drop the pages that need no longer be held. */
  #dropOthers() {
    const targets = this.#targets().map(({ href }) => href);
    for (const page of this.pages.filter(({ url }) => !targets.includes(url.href))) {
      this.#drop(page);
    }
  }

  #dropAll() {
    for (const page of [...this.pages]) this.#drop(page);
    this.#stageNext();
  }

  #decodedBytes(pages) {
    const images = pages.flatMap((page) => [...(page.document?.images ?? [])]);
    return images.reduce((sum, i) => sum + 4 * i.naturalWidth * i.naturalHeight, 0);
  }

  // ------------------------------------------------------------------ what has changed

  /** Where the server tells of its pages; these two of our own address are for it, too. */
  #toldBy() {
    const url = new URL(`${this.prefix}/gpiobridge/stage.json`, location.href);
    const asked = new URLSearchParams(location.search);
    for (const key of ["ahead", "display"]) {
      if (asked.has(key)) url.searchParams.set(key, asked.get(key));
    }
    return url;
  }

  async #ask() {
    this.asked += 1;
    const number = this.asked;
    const answer = await ask(this.#toldBy(), { cache: "no-cache" });
    const told = answer?.ok && (await answer.json().catch(() => null));
    if (!told || number < this.heard) return; // the server is down, or a later answer came first
    this.heard = number;
    if (told.pages !== this.told.pages) this.held = new Set();
    this.told = told;
    this.stage.sounds.take(told.sounds);
    for (const name of told.held) this.held.add(name);
    this.#dropOthers();
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
    this.ticks = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - beforeMs > STALL_MS + TICK_MS) this.#exclude(page, "slow");
      beforeMs = nowMs;
    }, TICK_MS);
  }

  #exclude(page, why) {
    this.#drop(page);
    this.#report(this.nameOf(page.url), why);
  }

  /** The page that was being staged when the tab hung or crashed. */
  async #reportHang() {
    const mark = recall(this.markKey, this.markStorage);
    const [name, version] = mark.split(" ");
    this.#mark("");
    const run = (pages) => pages?.split("-")[0];
    if (!name || run(version) !== run(this.told.pages)) return;
    this.held.add(name);
    if (!(await this.#isStagedElsewhere(name))) return void this.#report(name, "hung");
    if (!recall(this.markKey, this.markStorage)) keep(this.markKey, mark, this.markStorage); // its own
    if (!this.told.held.includes(name)) this.held.delete(name);
  }

  /** Whether another tab of this display, which lives, is loading that page just now. */
  async #isStagedElsewhere(name) {
    if (!this.tabs) return false; // the mark is this tab's alone
    const tabs = new BroadcastChannel(this.markKey);
    const heard = new Promise((done) => {
      tabs.onmessage = ({ data }) => { if (data.stages === name) done(true); };
    });
    tabs.postMessage({ asks: name });
    const isStaged = await Promise.race([heard, pause(ALIVE_MS)]);
    tabs.close();
    return Boolean(isStaged);
  }

  #sayAlive({ asks }) {
    if (this.staging && this.nameOf(this.staging.url) === asks) {
      this.tabs.postMessage({ stages: asks });
    }
  }

  /** Note the name of the page that is being staged; "" for none. */
  #mark(name) {
    keep(this.markKey, name && `${name} ${this.told.pages}`, this.markStorage);
  }

  #report(page, why) {
    this.held.add(page);
    // If the server is down, this stage leaves the page out all the same.
    return ask(`${this.prefix}/gpiobridge/stage/held`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ page, why }),
    });
  }
}
