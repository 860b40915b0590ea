// The stage: a page that never navigates. It shows one page of the bridge in a frame, and holds the
// next ones behind it, loaded, painted and asleep, so that a press only swaps two frames.
//
// The framed pages stay ordinary pages. Each has its own client (client.js), socket and cursor. The
// client joins the stage (`join`), and asks it instead of `location` when the page leaves (`show`).
//
//     press ─▶ socket closed with 4000 ─▶ client.js: led, leave, load ─▶ show ─▶ swap
//                                    staged and fresh: at once ──────────┘
//                                    else: loaded behind first, never shown if that fails
//
// framed_page.js knows one page in its frame, asleep.js what a covered page may not do, ahead.js
// which pages are held behind, strays.js what brings the screen home.

import { Sounds } from "../sounds.js";
import { Ahead } from "./ahead.js";
import { FramedPage } from "./framed_page.js";
import { head } from "./server.js";
import { handBack, keep, recall } from "./storage.js";
import { Strays } from "./strays.js";
import { afterFrame, pause } from "./timing.js";

const LEAVE_MS = 10_000; // if this stage is still there then, it could not be left

const { prefix, page: firstPath } = document.documentElement.dataset;
// Marks this tab as a stage; a page that finds itself alone in it leads back (client.js).
const stageKey = `gpiobridge${prefix}:stage`;
const nameKey = `gpiobridge${prefix}:display`;
const shownKey = `gpiobridge${prefix}:shown-page`; // for a reload of the stage

class Stage {
  /** @param {object} told what the server tells of its pages (docs/wire.md, "The stage"). */
  constructor(told) {
    this.shown = null; // the framed page on the screen
    this.coming = null; // the one that is loaded for the press just now
    this.ways = 0; // counts the pages that were asked for: only the way to the last one goes on
    this.leaves = false; // another page is being loaded in place of the stage
    this.answers = 0; // how many forms were sent
    this.ahead = new Ahead(this, told, prefix);
    this.strays = new Strays(this, prefix);
    this.sounds = new Sounds(prefix);
    this.sounds.take(told.sounds);
    this.titles = new MutationObserver(() => this.takeTitle());
  }

  /**
   * Show the page at ``url``: at once if it is held behind, else as soon as it is loaded.
   *
   * @returns {Promise<boolean>} false if it can't be loaded; then the present page stays.
   */
  async show(url) {
    const way = this.#setOut();
    if (this.ahead.isAlone(url)) return this.#giveWay(url, way);
    const isOurs = url.origin === location.origin;
    const renews = isOurs && this.ahead.isOutdated && (await this.ahead.isServed());
    if (way !== this.ways) return false;
    if (renews) return this.renew(url);
    const held = this.ahead.take(url);
    if (held?.ready) {
      this.#swap(held);
      return true;
    }
    return this.#load(held ?? new FramedPage(url), way);
  }

  /**
   * Show what answers a form, as soon as it is loaded.
   *
   * @returns {string} the name of the frame to which the form is to be sent.
   */
  awaitAnswer(url) {
    const way = this.#setOut();
    this.answers += 1;
    const name = `gpiobridge-answer-${this.answers}`;
    this.#load(new FramedPage(url, name), way);
    return name;
  }

  /** Give up the page that is being loaded: another one is asked for. */
  #setOut() {
    this.coming?.remove();
    this.coming = null;
    this.ways += 1;
    return this.ways;
  }

  /** Load a page, and show it; if that fails, the present page stays. */
  async #load(coming, way) {
    this.coming = coming;
    this.ahead.rest(); // nothing else is loaded meanwhile
    const ready = await (coming.pending ?? coming.load());
    const isAlone = !ready && way === this.ways && (await this.#wantsToBeAlone(coming));
    if (way !== this.ways) return false;
    this.coming = null;
    if (ready) this.#swap(coming);
    else if (isAlone) return this.#giveWay(coming.url, way);
    else this.ahead.goOn();
    return ready;
  }

  async #wantsToBeAlone({ url, isForeign, isAnswer }) {
    return !isForeign && !isAnswer && (await this.ahead.learnsAlone(url));
  }

  /** Show the page at ``url``; if it can't be shown, the start page: as soon as it goes. */
  insist(url) {
    this.strays.home = url;
    return this.strays.bringHome();
  }

  /** The shown page has become an error: nothing is shown any more. */
  lose() {
    this.shown.remove();
    this.shown = null;
    this.titles.disconnect();
  }

  /** Load the stage itself anew, with the page at ``url`` as the shown one. */
  renew(url) {
    const here = new URL(location.href);
    here.searchParams.set("page", url.pathname + url.search);
    return this.leave(here);
  }

  /** Load a stage in place of this one; false if that doesn't come. */
  leave(url) {
    return this.#end(() => location.replace(url));
  }

  /**
   * Leave for a page that forbids frames: it is shown alone, and the next one leads back here. An
   * error would stay on the screen, so the page is asked first.
   */
  async #giveWay(url, way) {
    const { ok } = (await head(url)) ?? {};
    if (!ok || way !== this.ways) return false;
    return this.#end(() => location.assign(url));
  }

  /** Let another page take the stage's place; false if the server doesn't send it. */
  async #end(navigate) {
    this.leaves = true;
    // Once a visitor has touched one frame, every frame of this origin may ask whether to leave.
    for (const { client } of this.pages) client?.moveUnasked();
    navigate();
    await pause(LEAVE_MS);
    this.leaves = false;
    return false;
  }

  #swap(next) {
    const before = this.shown;
    this.shown = next;
    const levels = before?.isJoined ? before.client.levels() : {};
    next.uncover(this.ahead.fades(next));
    this.strays.uncover();
    this.sounds.follow(this.ahead.soundsOf(next));
    before?.end();
    next.client?.takeLevels(levels);
    next.sleep?.wake({ focus: false });
    if (!next.isForeign) keep(shownKey, next.url.pathname + next.url.search);
    // Each of these takes a part of a frame, and nobody misses it for that long.
    afterFrame(() => this.#attend(next));
  }

  /** Follow the page that is now in the shown frame. */
  #attend(page) {
    if (page !== this.shown) return; // the next one came meanwhile
    page.element.focus();
    page.sleep?.takeFocus();
    this.takeTitle();
    this.titles.disconnect();
    const head = page.document?.head;
    if (head) this.titles.observe(head, { subtree: true, childList: true, characterData: true });
    this.strays.watch(page);
    this.ahead.follow(page);
    if (page.document) this.sounds.listen(page.view);
  }

  #attendOnceParsed(page, view) {
    view.document.addEventListener("DOMContentLoaded", () => {
      if (page !== this.shown) return;
      page.url = new URL(view.location.href);
      page.staged = false;
      keep(shownKey, page.url.pathname + page.url.search);
      this.sounds.follow(this.ahead.soundsOf(page));
      this.#attend(page);
    });
  }

  /** A screen reader says the title and the language of the page that is shown. */
  takeTitle() {
    const { document: shown } = this.shown;
    if (!shown) return;
    document.title = shown.title;
    this.shown.element.title = shown.title;
    document.documentElement.lang = shown.documentElement?.lang ?? "";
  }

  /** Every framed page that is in the document. */
  get pages() {
    return [this.shown, this.coming, ...this.ahead.pages].filter((page) => page && !page.removed);
  }

  /** Take in a page's client, once; null if ``view`` isn't one of the stage's frames. */
  join(view, name, client) {
    const page = this.pages.find((each) => each.view === view);
    if (!page || page.isJoined) return null;
    page.join(view, name, client);
    this.strays.guard(page, view);
    // Another page has come in the shown frame, such as the answer to a form.
    if (page === this.shown) this.#attendOnceParsed(page, view);
    return {
      show: (url) => this.show(url),
      isShown: () => page === this.shown,
      isStaged: () => page.staged,
      /** The stage's clock in ms since 1970: frames have clocks of their own. */
      nowMs: () => performance.timeOrigin + performance.now(),
      playSound: (sound) => this.sounds.play(sound),
      stopSound: (sound) => this.sounds.stop(sound),
    };
  }
}

/** The page to begin with: the one asked for; after a reload, the one that was shown. */
function first() {
  const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (!isReload || !recall(shownKey)) return new URL(firstPath, location.href);
  handBack(prefix);
  return new URL(recall(shownKey), location.href);
}

/** What the kiosk has acted on in place of the page before, on a site that forbids frames. */
function takeCursor(url) {
  const cursor = new URL(location.href).searchParams.get("cursor");
  if (cursor) keep(`gpiobridge${prefix}:handed`, `${cursor} ${url.pathname}`);
}

/** Token and ticket are in cookies by now, the page in this document: none belongs in the URL. */
function tidyAddress() {
  const url = new URL(location.href);
  const name = url.searchParams.get("display");
  if (name) keep(nameKey, name);
  for (const once of ["token", "kiosk_ticket", "page", "cursor"]) url.searchParams.delete(once);
  history.replaceState(null, "", url);
  keep(stageKey, url.pathname + url.search);
}

const begin = first();
takeCursor(begin);
tidyAddress();
const stage = new Stage(JSON.parse(document.documentElement.dataset.stage));
window.gpiobridgeStage = { join: (...client) => stage.join(...client) };
stage.insist(begin);
