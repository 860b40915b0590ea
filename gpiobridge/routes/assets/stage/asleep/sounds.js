// Web Audio of a covered page: it is suspended until the page is shown.

import { Weakly } from "./patches.js";

export class Sounds {
  #view;
  #resume;
  #suspend;
  #waiting = new Map(); // by context that is to run: the promises that wait for it
  #contexts = new Weakly();

  constructor(view, patches) {
    this.#view = view;
    const prototype = (view.AudioContext ?? view.webkitAudioContext)?.prototype;
    if (!prototype) return;
    this.#resume = prototype.resume;
    this.#suspend = prototype.suspend;
    const seen = (context) => this.#contexts.add(context);
    for (const name of ["AudioContext", "webkitAudioContext"]) {
      patches.instead(view, name, (...call) => this.#make(...call), { seen });
    }
    patches.instead(prototype, "resume", (...call) => this.#ask(...call));
    for (const name of ["suspend", "close"]) {
      patches.instead(prototype, name, (native, context, args) => {
        this.#waiting.delete(context);
        return Reflect.apply(native, context, args);
      });
    }
  }

  wake() {
    for (const [context, promises] of this.#waiting) {
      Reflect.apply(this.#resume, context, []).then(
        () => promises.forEach(({ resolve }) => resolve()),
        (error) => promises.forEach(({ reject }) => reject(error)),
      );
    }
    this.#waiting.clear();
  }

  /** End all sounds; a context can't be closed twice. */
  end() {
    this.#waiting.clear();
    for (const context of this.#contexts) {
      if (context.state !== "closed") context.close().catch(() => {});
    }
  }

  #make(native, _, args, newTarget) {
    if (!newTarget) return native(...args); // it throws
    const context = Reflect.construct(native, args, newTarget);
    Reflect.apply(this.#suspend, context, []).catch(() => {});
    this.#contexts.add(context);
    this.#waiting.set(context, []);
    return context;
  }

  #ask(native, context, args) {
    const ours = context instanceof this.#view.AudioContext && context.state !== "closed";
    if (!ours) return Reflect.apply(native, context, args); // it says why not
    return new this.#view.Promise((resolve, reject) => {
      if (!this.#waiting.has(context)) this.#waiting.set(context, []);
      this.#waiting.get(context).push({ resolve, reject });
    });
  }
}
