// Films and sounds of a covered page: none begins before the page is shown.
//
// The browser begins a film by itself only if nothing has paused it since it began to load. So each
// is paused when it begins to load, which no script notices.

import { Weakly } from "./patches.js";

const FILMS = "audio, video";
const EVENTS = ["loadstart", "play", "canplaythrough"];

/** An element itself if it matches, and what matches inside it. */
function* matching(node, selector) {
  if (node.matches?.(selector)) yield node;
  if (node.firstElementChild) yield* node.querySelectorAll(selector);
}

export class Films {
  #view;
  #patches;
  #trees;
  #play;
  #pause;
  #asked = new Map(); // by element that is to play: the promises that wait for it
  #loading = new Set(); // which the browser may have begun by itself
  #played = new Weakly();

  constructor(view, patches, trees) {
    this.#view = view;
    this.#patches = patches;
    this.#trees = trees;
    const { HTMLMediaElement } = view;
    this.#play = HTMLMediaElement.prototype.play;
    this.#pause = HTMLMediaElement.prototype.pause;
    const seen = (_, element) => this.#played.add(element);
    patches.instead(HTMLMediaElement.prototype, "play", (...call) => this.#ask(...call), { seen });
    for (const [name, by] of [["pause", "a call to pause()"], ["load", "a new load request"]]) {
      patches.instead(HTMLMediaElement.prototype, name, (native, self, args) => {
        this.#giveUp(self, by);
        return Reflect.apply(native, self, args);
      });
    }
    this.#watchDetached();
    trees.onRoot((root) => this.#listen(root));
    // In a frame that is patched late, some may play already.
    for (const film of view.document.querySelectorAll(FILMS)) this.#hold(film);
  }

  /** Begin what was to begin, in the order in which it was asked for. */
  wake() {
    for (const film of this.#loading) {
      if (film.autoplay && film.paused && !this.#asked.has(film)) this.#asked.set(film, []);
    }
    for (const [film, promises] of this.#asked) {
      this.#played.add(film);
      const begun = Reflect.apply(this.#play, film, []) ?? Promise.resolve();
      begun.then(
        () => promises.forEach(({ resolve }) => resolve()),
        (error) => promises.forEach(({ reject }) => reject(error)),
      );
    }
    this.#asked.clear();
    this.#loading.clear();
  }

  /** Pause all that plays. */
  end() {
    this.#asked.clear();
    this.#loading.clear();
    const inTrees = [...this.#trees.roots].flatMap((root) => [...root.querySelectorAll(FILMS)]);
    for (const film of [...inTrees, ...this.#played]) {
      if (!film.paused) Reflect.apply(this.#pause, film, []);
    }
    this.#listen(this.#view.document);
  }

  /** Let a call of play() wait. */
  #ask(native, film, args) {
    const fails = !(film instanceof this.#view.HTMLMediaElement) || film.error;
    if (fails) return Reflect.apply(native, film, args);
    return new this.#view.Promise((resolve, reject) => {
      if (!this.#asked.has(film)) this.#asked.set(film, []);
      this.#asked.get(film).push({ resolve, reject });
    });
  }

  #giveUp(film, by) {
    this.#loading.delete(film);
    const promises = this.#asked.get(film) ?? [];
    this.#asked.delete(film);
    const why = `The play() request was interrupted by ${by}.`;
    const error = new this.#view.DOMException(why, "AbortError");
    for (const { reject } of promises) reject(error);
  }

  #listen(target) {
    for (const type of EVENTS) target.addEventListener(type, this.#notice, true);
  }

  #notice = ({ target, type }) => {
    if (!this.#patches.holding || !(target instanceof this.#view.HTMLMediaElement)) return;
    if (type !== "canplaythrough") this.#hold(target);
    // The browser has looked for autoplay just now, and doesn't look again.
    else if (!target.autoplay) this.#loading.delete(target);
  };

  #hold(film) {
    if (film.networkState === film.NETWORK_EMPTY) return; // pause() would begin to load it
    if (!film.paused && !this.#asked.has(film)) this.#asked.set(film, []);
    Reflect.apply(this.#pause, film, []);
    this.#loading.add(film);
  }

  /** A film plays without being in the document, too; its events don't get there then. */
  #watchDetached() {
    const { Document, Element, Node, Range } = this.#view;
    const made = (node) => {
      if (!node.isConnected) for (const film of matching(node, FILMS)) this.#listen(film);
    };
    const makers = [
      [Document.prototype, "createElement"], [Document.prototype, "createElementNS"],
      [Document.prototype, "importNode"], [Node.prototype, "cloneNode"],
      [Range.prototype, "createContextualFragment"],
    ];
    for (const [owner, name] of makers) {
      this.#patches.instead(owner, name, (native, self, args) => {
        const node = Reflect.apply(native, self, args);
        made(node);
        return node;
      });
    }
    const changed = (native, self, args) => {
      const result = Reflect.apply(native, self, args);
      made(self);
      return result;
    };
    this.#patches.instead(Element.prototype, "innerHTML", changed, { kind: "set" });
    this.#patches.instead(Element.prototype, "insertAdjacentHTML", changed);
    this.#patches.instead(this.#view, "Audio", (native, _, args, newTarget) => {
      if (!newTarget) return native(...args); // it throws
      const film = Reflect.construct(native, args, newTarget);
      this.#listen(film);
      return film;
    });
  }
}
