// EventSources of a covered page: they connect when the page is shown.
//
// A server may be asked six things at a time. Sources of covered pages would take their places, and
// the shown page would wait.

import { Weakly } from "./patches.js";

const EVENTS = ["open", "message", "error"];

/** Say what an object has of its own, as if its prototype had it. */
function define(object, properties) {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(properties))) {
    Object.defineProperty(object, name, { ...descriptor, enumerable: false });
  }
}

/** Stands for an EventSource, to the page, and has one of the browser's once it may connect. */
class LateSource {
  #view;
  #native;
  #url;
  #init;
  #real = null;
  #closed = false;
  #types = new Set();
  #handlers = {};

  constructor(view, native, [url, init], newTarget) {
    this.#view = view;
    this.#native = native;
    this.#init = init;
    try {
      this.#url = new view.URL(url, view.document.baseURI).href;
    } catch {
      const why = `Cannot open an EventSource to '${url}'. The URL is invalid.`;
      throw new view.DOMException(why, "SyntaxError");
    }
    // What a page gets: the browser's listeners work on it, and its prototype is the right one.
    this.face = new view.EventTarget();
    Object.setPrototypeOf(this.face, newTarget.prototype);
    this.#shape();
  }

  connect() {
    if (this.#closed) return;
    this.#real = new this.#native(this.#url, this.#init);
    for (const type of this.#types) this.#real.addEventListener(type, this.#pass);
  }

  close() {
    this.#closed = true;
    this.#real?.close();
  }

  get readyState() {
    if (this.#closed) return this.#native.CLOSED;
    return this.#real ? this.#real.readyState : this.#native.CONNECTING;
  }

  #shape() {
    const late = this;
    define(this.face, {
      get url() { return late.#url; },
      get withCredentials() { return Boolean(late.#init?.withCredentials); },
      get readyState() { return late.readyState; },
      close() { late.close(); },
      addEventListener(type, ...rest) {
        late.#hear(String(type));
        late.#view.EventTarget.prototype.addEventListener.call(late.face, type, ...rest);
      },
    });
    for (const type of EVENTS) this.#shapeHandler(type);
  }

  #shapeHandler(type) {
    const late = this;
    const call = (event) => late.#handlers[type]?.call(late.face, event);
    define(this.face, {
      get [`on${type}`]() { return late.#handlers[type] ?? null; },
      set [`on${type}`](handler) {
        const isNew = !(type in late.#handlers);
        late.#handlers[type] = typeof handler === "function" ? handler : null;
        if (isNew) late.face.addEventListener(type, call);
      },
    });
  }

  #hear(type) {
    if (this.#types.has(type)) return;
    this.#types.add(type);
    this.#real?.addEventListener(type, this.#pass);
  }

  #pass = (event) => {
    const { type, data, origin, lastEventId } = event;
    const { Event, MessageEvent } = this.#view;
    const same = event instanceof MessageEvent
      ? new MessageEvent(type, { data, origin, lastEventId })
      : new Event(type);
    this.face.dispatchEvent(same);
  };
}

export class Sources {
  #view;
  #late = new Set();
  #sources = new Weakly();

  constructor(view, patches) {
    this.#view = view;
    const seen = (source) => this.#sources.add(source);
    patches.instead(view, "EventSource", (...call) => this.#make(...call), { seen });
  }

  wake() {
    for (const source of this.#late) source.connect();
  }

  end() {
    for (const source of [...this.#late, ...this.#sources]) source.close();
    this.#late.clear();
  }

  #make(native, _, args, newTarget) {
    if (!newTarget) return native(...args); // it throws
    if (!args.length) return new native(); // it throws
    const source = new LateSource(this.#view, native, args, newTarget);
    this.#late.add(source);
    return source.face;
  }
}
