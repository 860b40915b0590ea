// One page of the bridge in its frame: from the load until the frame is taken out again.
//
//     loading ──ready──▶ ready ──swap──▶ shown ──next swap──▶ ended ──▶ removed
//        └───── failed: an error, a dead server, too slow
//
// Until the swap the frame is covered and its page asleep (asleep.js). The page may be one without
// the bridge's client: then it is ready once it is parsed.
//
// A page of another site is in an <object>. In all other ways as good as a frame, it fires `error`
// for a page that can't be had, that is an error or that forbids frames; <iframe> fires `load`.

import { Sleep } from "./asleep.js";
import { head } from "./server.js";
import { afterFrame, pause } from "./timing.js";

const LOAD_MS = 10_000; // a page that isn't there by then has failed
const COMPLETE_MS = 1000; // how long a page that is there may take for its pictures and fonts
const LOOK_MS = 100; // how often to look for an error page: Firefox fires no event for it
const MORE_BYTES = 16; // by which a page may be longer the next time
const MORE_SAID_BYTES = 512; // by which its client's tag may: not in a frame, it says what is next
const LAST_MS = 300; // from the next page's first frame until a frame is taken out

let made = 0;

export class FramedPage {
  /**
   * @param {URL} url of the page.
   * @param {string} name of the frame, if a form is sent into it; then nothing else is loaded.
   */
  constructor(url, name = "") {
    this.url = url;
    this.isForeign = url.origin !== location.origin;
    this.isAnswer = name !== ""; // of a form: what it says counts, even with an error's status
    this.name = ""; // the page's name, once its client has joined
    this.client = null; // what the page's client offers (see client.js), if it has one
    this.sleep = null; // what keeps the page quiet
    this.staged = false; // it is, or was, held behind another page (ahead.js): since when, and with
    this.stagedAtMs = 0; // which version of the pages
    this.version = "";
    this.shown = false;
    this.ended = false; // it was left, and is silent until its frame is taken out
    this.ready = false;
    this.pending = null; // the promise of `load`
    this.removed = false;
    this.joined = null; // the document whose client has joined
    this.address = ""; // with which it came; a router in the page may change it
    this.loaded = null; // the document that was ready to be shown
    this.onParsed = () => {}; // called once that document is parsed
    this.element = document.createElement(this.isForeign && !name ? "object" : "iframe");
    this.element.id = `page-${(made += 1)}`; // by which the browser tells whose a long task is
    if (name) this.element.name = name;
    else if (this.isForeign) Object.assign(this.element, { type: "text/html", data: url.href });
    else this.element.src = url.href;
    this.#cover(true);
  }

  /** The frame's document; null if it can't be looked into, as an error page can't. */
  get document() {
    try {
      return this.element.contentDocument;
    } catch {
      return null;
    }
  }

  get view() {
    return this.element.contentWindow;
  }

  /** Whether the page has gone elsewhere by itself since it was ready, such as by a timer. */
  get isAstray() {
    return this.ready && this.document !== this.loaded;
  }

  /** Whether the document that is in the frame now has the bridge's client. */
  get isJoined() {
    return this.joined !== null && this.joined === this.document;
  }

  /** The status with which the page came; 0 if the browser doesn't say. */
  get status() {
    try {
      return this.view.performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0;
    } catch {
      return 0;
    }
  }

  /**
   * Load the page, covered.
   *
   * @returns {Promise<boolean>} whether it can be shown; if not, its frame is gone.
   */
  load() {
    document.body.append(this.element);
    this.pending = this.#becomeReady();
    return this.pending;
  }

  async #becomeReady() {
    if (await this.#isThere()) {
      if (this.document) await Promise.race([this.#isComplete(), pause(COMPLETE_MS)]);
      const isWhole = this.document?.readyState === "complete" || !(await this.#isCut());
      const isGood = isWhole && (await this.#isItself());
      this.ready = !this.removed && isGood && (this.isForeign || this.document !== null);
    }
    if (this.ready) this.loaded = this.document;
    else this.remove();
    return this.ready;
  }

  /** Wait until the document is complete and the client has joined, or the load has failed. */
  #isThere() {
    return new Promise((done) => {
      const end = (there) => {
        clearInterval(looks);
        clearTimeout(limit);
        done(there && !this.removed && !this.#isError);
      };
      const look = () => {
        if (this.removed) end(false);
        else if (this.isForeign) return;
        else if (this.document === null) end(false);
        else if (this.document.location.href === "about:blank") return;
        else if (this.document.readyState !== "loading") end(true);
      };
      const looks = setInterval(look, LOOK_MS);
      const limit = setTimeout(end, LOAD_MS, false);
      this.onParsed = () => end(true);
      this.element.addEventListener("load", () => (this.isForeign ? end(true) : look()));
      this.element.addEventListener("error", () => end(false));
    });
  }

  /** Whether the page came as an error. A form's answer may say what is wrong with what was sent. */
  get #isError() {
    return this.status >= 400 && !(this.isAnswer && this.isJoined);
  }

  /** Whether the server can be asked again for what is in the frame. */
  get #canBeAsked() {
    return !this.isForeign && !this.isAnswer && this.document !== null;
  }

  /** Whether this is the page that was asked for; behind another page, no redirect's target either. */
  async #isItself() {
    if (!this.#canBeAsked) return true;
    const address = this.isJoined ? this.address : this.document.location.href;
    if (this.staged && address !== this.url.href) return false;
    return this.status > 0 || Boolean((await head(this.url))?.ok); // an older browser says no status
  }

  /**
   * Whether the connection died within the page, or only a picture doesn't come: in Firefox the two
   * look alike. In Chromium and WebKit a page that was cut is never complete.
   */
  async #isCut() {
    if (!this.#canBeAsked) return false;
    const [{ encodedBodySize: got = 0 } = {}] = this.view.performance.getEntriesByType("navigation");
    const more = this.isJoined ? MORE_SAID_BYTES : MORE_BYTES;
    const answer = await head(this.url, COMPLETE_MS);
    return got > 0 && got < Number(answer?.headers.get("Content-Length")) - more;
  }

  /** Wait for the load, and for the pictures in view and the fonts. */
  async #isComplete() {
    const { document } = this;
    if (document.readyState !== "complete") {
      await new Promise((done) => this.view.addEventListener("load", done, { once: true }));
    }
    const { innerWidth, innerHeight } = this.view;
    const inView = [...document.images].filter((image) => {
      const { top, left, bottom, right } = image.getBoundingClientRect();
      return bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    });
    const broken = () => {}; // a picture that can't be shown doesn't hold the page up
    await Promise.all([document.fonts?.ready, ...inView.map((i) => i.decode().catch(broken))]);
  }

  /** Take in the page's client, before any script of the page. A page may come anew in its frame. */
  join(view, name, client) {
    this.name = name;
    this.client = client;
    this.joined = view.document;
    this.address = view.location.href;
    this.sleep = new Sleep(view);
    if (this.shown) this.sleep.wake();
    view.document.addEventListener("DOMContentLoaded", () => this.onParsed());
  }

  /** Forget the client: the frame has another document now, which has none. */
  forgetClient() {
    this.client = this.sleep = null;
  }

  /** Put the frame above the others; the page wakes up later, so that this is painted first. */
  uncover(fade) {
    this.shown = true;
    this.element.classList.toggle("fade", fade);
    this.#cover(false);
  }

  /** From now on the page is silent; it is gone soon. */
  end() {
    if (this.isJoined) { // else its frame has gone elsewhere, and nothing of it may run any more
      this.client.sleep();
      this.sleep.end();
    }
    this.shown = false;
    this.ended = true;
    this.element.classList.add("leaving");
    this.#cover(true);
    afterFrame(() => setTimeout(() => this.remove(), LAST_MS));
  }

  remove() {
    this.removed = true;
    this.element.remove();
  }

  #cover(covered) {
    this.element.inert = covered;
    this.element.ariaHidden = String(covered);
    this.element.classList.toggle("shown", !covered);
  }
}
