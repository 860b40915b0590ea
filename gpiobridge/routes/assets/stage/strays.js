// What keeps the screen at home: it shows a page of the bridge, and never an error page.
//
// Before a page leaves: its links, forms and reloads, and those to _top and _parent, go the stage's
// way. The next page is loaded behind and shown once it is there; else the present one stays. The
// Navigation API tells of all of them, those of scripts too. A browser that has none (Firefox ESR,
// WebKitGTK) tells of clicks and submits; what a script leaves for is then seen afterwards:
//
//     an error, or what can't be looked into ─▶ covered by a plain picture, home as soon as it goes
//     something else without the bridge ──────▶ home after 18 s
//
// A page of another site is held by an <object> (framed_page.js), the one element that tells an
// error from a page. Home is the page of the bridge that was shown last; the start page if that is
// not to be had.

import { head } from "./server.js";
import { StandIn } from "./stand_in.js";
import { handBack } from "./storage.js";
import { pause } from "./timing.js";

const LOOK_MS = 250; // how often to look: Firefox fires no event for an error page
const EXPECT_MS = 1000; // how long to look at each frame once a page leaves unseen
const STRAY_MS = 18_000; // how long it may show what isn't the bridge's: home is there within 20 s
const MOST_LEFT = 2; // how often in a row the screen comes home to the same page
const BLANK_MS = 1000; // how long the screen may stay empty before there is a page at all
const RETRY_MS = 1000; // between two tries to come home
const WEB = ["http:", "https:"];
const SELF = ["", "_self", "_top", "_parent"]; // targets that mean this page, on a stage

/** Whether a `navigate` event is a real one to a page: it leaves the document and can be stopped. */
function leavesFor({ cancelable, destination, downloadRequest, hashChange, navigationType }) {
  const stays = hashChange || destination.sameDocument || navigationType === "traverse";
  const isDownload = typeof downloadRequest === "string"; // its name, which may be empty
  return cancelable && !stays && !isDownload && WEB.includes(new URL(destination.url).protocol);
}

export class Strays {
  /**
   * @param {object} stage whose shown page is watched.
   * @param {string} prefix of the bridge's own routes.
   */
  constructor(stage, prefix) {
    this.stage = stage;
    this.prefix = prefix;
    this.home = null; // where the screen belongs
    this.left = null; // how often the screen came home to it, and when
    this.comingHome = false;
    this.makingAnew = false;
    this.guarded = new WeakSet(); // documents whose links and forms go the stage's way
    this.seen = undefined; // the shown frame's document when it was last looked at
    this.timer = 0; // of a page that isn't the bridge's
    this.standIn = new StandIn(prefix, (url) => stage.show(url));
    this.plain = document.createElement("div");
    this.plain.id = "plain";
    this.plain.hidden = true;
    document.body.append(this.plain);
    window.navigation?.addEventListener("navigate", (event) => this.#stageNavigates(event));
    setInterval(() => this.#look(), LOOK_MS);
    setTimeout(() => this.#look(), BLANK_MS - performance.now());
  }

  /** A page is on the screen: the plain picture isn't needed. */
  uncover() {
    this.plain.hidden = true;
    this.seen = undefined;
    this.standIn.leave();
  }

  /** Watch the page that is now shown. */
  watch(page) {
    this.seen = undefined;
    // Of an iframe, the first; of another site's <object>, both.
    page.element.onload = () => this.#look();
    page.element.onerror = () => this.#lose(page);
    this.#look();
  }

  // ------------------------------------------------------------------ before a page leaves

  /** Have the links and forms of a document in the frame of ``page`` go the stage's way. */
  guard(page, view) {
    if (this.guarded.has(view.document)) return;
    this.guarded.add(view.document);
    view.addEventListener("pagehide", () => this.#expect());
    if (view.navigation) {
      view.navigation.addEventListener("navigate", (event) => this.#navigates(page, event));
    } else {
      // On the window, so that the page's own handlers have their say first.
      view.addEventListener("click", (event) => this.#clicked(page, event));
      view.addEventListener("submit", (event) => this.#submitted(page, event));
    }
  }

  #navigates(page, event) {
    const isShown = page === this.stage.shown;
    if (!(isShown || page.ended) || !leavesFor(event)) return;
    event.preventDefault();
    if (isShown) this.#take(page, event);
  }

  /** The stage itself never leaves: a frame has a link to _top, or a script sets top.location. */
  #stageNavigates(event) {
    const { navigationType, userInitiated } = event;
    const { shown, coming } = this.stage;
    if (this.stage.leaves || navigationType === "reload" || !leavesFor(event)) return;
    event.preventDefault();
    // A page that wants no frame around it asks for itself, again and again.
    const { href } = new URL(event.destination.url);
    const isItself = [coming, shown, ...this.stage.pages].some((page) => page?.url.href === href);
    if (shown && (userInitiated || !isItself)) this.#take(shown, event);
  }

  #take(page, { destination, formData, navigationType, sourceElement }) {
    const url = new URL(destination.url);
    if (formData) this.#post(page, url, formData, sourceElement?.form ?? sourceElement);
    else if (navigationType === "reload" && page.client) page.client.reload();
    else this.#go(page, url);
  }

  #clicked(page, event) {
    const { altKey, button, ctrlKey, metaKey, shiftKey } = event;
    const link = event.composedPath().find((each) => each.localName === "a" && each.href);
    if (event.defaultPrevented || button || altKey || ctrlKey || metaKey || shiftKey) return;
    if (!link || link.hasAttribute("download") || !this.#staysHere(link, link.target)) return;
    const url = new URL(link.href);
    const here = link.ownerDocument.location;
    const isHash = url.hash && url.href.split("#")[0] === here.href.split("#")[0];
    if (isHash || !WEB.includes(url.protocol)) return;
    event.preventDefault();
    this.#go(page, url);
  }

  #submitted(page, event) {
    const { submitter, target: form } = event;
    const own = (name) => submitter?.getAttribute(`form${name}`) ?? form.getAttribute(name) ?? "";
    const method = own("method").toLowerCase();
    if (event.defaultPrevented || method === "dialog") return;
    if (!this.#staysHere(form, own("target"))) return;
    // Without an address a form goes to its page, whatever the page's <base> says.
    const url = new URL(own("action") || form.ownerDocument.URL, form.baseURI);
    if (!WEB.includes(url.protocol)) return;
    const data = new form.ownerDocument.defaultView.FormData(form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    event.preventDefault();
    if (method === "post") {
      this.#post(page, url, data, form);
      return;
    }
    url.search = new URLSearchParams([...data].map(([k, v]) => [k, v.name ?? v]));
    this.#go(page, url);
  }

  #staysHere(element, target) {
    const base = element.ownerDocument.querySelector("base[target]")?.target;
    return SELF.includes((target || base || "").toLowerCase());
  }

  /** Go from ``page`` to ``url``, as a link of it says. */
  async #go(page, url) {
    const { stage } = this;
    if (page !== stage.shown || page.client?.isLeaving()) return; // a press has come first
    if (url.pathname === location.pathname && url.origin === location.origin) {
      if (await stage.ahead.isServed()) stage.leave(url);
    } else if (page.client && stage.ahead.nameOf(url)) page.client.go(url);
    else stage.show(url); // a file, or another site: the page stays what it is until that is there
  }

  /** Send a form: what it answers is loaded behind, as any other page. */
  #post(page, url, data, original) {
    if (page.client?.isLeaving()) return;
    const name = this.stage.awaitAnswer(url);
    const owner = page.document;
    const form = owner.createElement("form");
    Object.assign(form, { method: "post", action: url.href, target: name, hidden: true });
    const hasFile = [...data.values()].some((value) => typeof value !== "string");
    form.enctype = original?.enctype || (hasFile ? "multipart/form-data" : "");
    for (const [key, value] of data) {
      const field = owner.createElement("input");
      field.name = key;
      if (typeof value === "string") {
        field.type = "hidden";
        field.value = value;
      } else {
        field.type = "file";
        const files = new page.view.DataTransfer();
        if (value.name) files.items.add(value); // a field without a file sends one without a name
        field.files = files.files;
      }
      form.append(field);
    }
    owner.documentElement.append(form);
    form.submit();
    form.remove();
  }

  // ------------------------------------------------------------------ after a page has left

  /** A frame gets another document: look at it before it is painted. */
  #expect() {
    const untilMs = performance.now() + EXPECT_MS;
    const look = () => {
      this.#look();
      if (performance.now() < untilMs) requestAnimationFrame(look);
    };
    look();
  }

  /** Look whether the shown frame has another document: one getter, if it has none. */
  #look() {
    if (!this.plain.isConnected) {
      this.#makeAnew();
      return;
    }
    const { shown } = this.stage;
    if (!shown) {
      if (performance.now() > BLANK_MS) this.plain.hidden = false;
      return;
    }
    const { document: now } = shown;
    if (now === this.seen) return;
    if (now?.readyState === "loading" && !now.body && !shown.isJoined) {
      if (shown.status >= 400) this.plain.hidden = false; // it is too early to say whose error it is
      return;
    }
    this.seen = now;
    clearTimeout(this.timer);
    if (shown.isForeign) this.#limit(shown);
    else if (now === null) this.#lose(shown);
    else this.#judge(shown, now);
  }

  /** A page has written over the stage's own document: load the stage anew, with the page at home. */
  async #makeAnew() {
    if (this.makingAnew) return;
    this.makingAnew = true;
    if (await this.stage.ahead.isServed()) {
      handBack(this.prefix); // to the same page, which isn't reloaded
      await this.stage.renew(this.home);
    } else await pause(RETRY_MS);
    this.makingAnew = false;
  }

  #judge(shown, now) {
    this.guard(shown, shown.view);
    if (!shown.isJoined) shown.forgetClient();
    const url = new URL(now.location.href);
    if (shown.isJoined || (this.stage.ahead.nameOf(url) && shown.status < 400)) {
      this.home = url;
      this.plain.hidden = true;
    } else if (shown.status >= 400 || url.protocol === "about:") this.#lose(shown); // an empty screen, too
    else {
      this.#limit(shown);
      this.#standIn();
      if (!shown.status) this.#loseIfError(shown, now, url); // WebKit doesn't tell it
    }
  }

  /** Ask the server whether what is shown is an error, where the browser doesn't tell. */
  async #loseIfError(page, document, url) {
    if ((await this.#ask(url)) === "error" && page.document === document) this.#lose(page);
  }

  #standIn() {
    const { ahead } = this.stage;
    this.standIn.join(ahead.nameOf(this.home) || ahead.nameOf(ahead.start));
  }

  /** Lead home from what isn't the bridge's, after a while. */
  #limit(page) {
    this.timer = setTimeout(() => {
      if (page === this.stage.shown) this.bringHome();
    }, STRAY_MS);
  }

  /** Cover an error, and lead home. */
  #lose(page) {
    if (page !== this.stage.shown) return;
    this.plain.hidden = false;
    this.stage.lose();
    handBack(this.prefix); // presses made in front of it count on the page that comes back
    this.#standIn();
    this.bringHome();
  }

  /** Whether the page that was shown last leaves by itself, again and again. */
  #isNoHome() {
    const { href } = this.home;
    const isAgain = this.left?.href === href && performance.now() - this.left.atMs < STRAY_MS;
    this.left = { href, atMs: performance.now(), times: isAgain ? this.left.times + 1 : 1 };
    return this.left.times > MOST_LEFT;
  }

  /** Show the page that was shown last, or else the start page: try until something is shown. */
  async bringHome() {
    if (this.comingHome) return;
    this.comingHome = true;
    const from = this.stage.shown;
    const isHome = () => this.stage.shown !== null && this.stage.shown !== from;
    for (let tries = this.#isNoHome() ? 1 : 0; !isHome(); ) {
      const url = tries % 2 === 0 ? this.home : this.stage.ahead.start;
      const answer = this.stage.coming ? "busy" : await this.#ask(url);
      if (isHome()) break;
      // A server that forbids HEAD answers with an error for a good page, too: so try it.
      const isTried = ["page", "error"].includes(answer) && !this.stage.coming;
      if (isTried && (await this.stage.show(url))) break;
      if (isTried) tries += 1;
      await pause(RETRY_MS);
    }
    this.comingHome = false;
  }

  /** Find out what is at ``url``: a "page", an "error", or "nobody" if no server answers. */
  async #ask(url) {
    const answer = await head(url);
    if (!answer) return "nobody";
    return answer.ok ? "page" : "error";
  }
}
