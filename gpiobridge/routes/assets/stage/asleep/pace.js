// Animation frames of a covered page: enough for its first picture, then few.

const AT_ONCE = 5; // frames: a first picture may take some, such as one to measure and one to draw
const SLOW_MS = 250;
const FIRST_HANDLE = 2 ** 31; // far above the browser's own, which count from 1

export class Pace {
  #view;
  #patches;
  #native;
  #cancel; // the patch
  #setTimeout;
  #clearTimeout;
  #callbacks = new Map(); // by handle
  #lastHandle = FIRST_HANDLE;
  #atOnce = AT_ONCE;
  #asked = false; // a frame of the browser's
  #timer = 0;

  constructor(view, patches) {
    this.#view = view;
    this.#patches = patches;
    this.#native = view.requestAnimationFrame;
    this.#setTimeout = view.setTimeout;
    this.#clearTimeout = view.clearTimeout;
    patches.instead(view, "requestAnimationFrame", (...call) => this.#request(...call));
    const cancel = (native, self, args) => {
      if (!this.#callbacks.delete(args[0])) return Reflect.apply(native, self, args);
    };
    this.#cancel = patches.instead(view, "cancelAnimationFrame", cancel, { always: true });
  }

  /** Run what waits in the next frame. */
  wake() {
    if (this.#callbacks.size) this.#askFrame();
    else this.#patches.restore(this.#cancel);
  }

  end() {
    this.#atOnce = 0;
  }

  #request(native, self, args) {
    const [callback] = args;
    if (typeof callback !== "function") return Reflect.apply(native, self, args); // it throws
    this.#lastHandle += 1;
    this.#callbacks.set(this.#lastHandle, callback);
    this.#arrange();
    return this.#lastHandle;
  }

  #arrange() {
    if (this.#asked || this.#timer) return;
    this.#atOnce -= 1;
    if (this.#atOnce >= 0) this.#askFrame();
    else this.#timer = this.#setTimeout.call(this.#view, () => this.#askFrame(), SLOW_MS);
  }

  #askFrame() {
    this.#clearTimeout.call(this.#view, this.#timer);
    this.#timer = 0;
    if (this.#asked) return;
    this.#asked = true;
    this.#native.call(this.#view, (time) => this.#run(time));
  }

  #run(time) {
    this.#asked = false;
    for (const handle of [...this.#callbacks.keys()]) {
      const callback = this.#callbacks.get(handle);
      if (this.#callbacks.delete(handle)) this.#call(callback, time); // not cancelled by one before
    }
    if (!this.#patches.holding) this.#patches.restore(this.#cancel);
  }

  #call(callback, time) {
    try {
      Reflect.apply(callback, undefined, [time]);
    } catch (error) {
      this.#view.reportError(error);
    }
  }
}
