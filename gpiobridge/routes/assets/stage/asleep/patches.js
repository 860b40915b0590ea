// Functions of a page's window that act differently for a time, unnoticed by the page.

/** Where ``name`` is defined: on the object, or on one of its prototypes; null: nowhere. */
function ownerOf(object, name) {
  let owner = object ?? null;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
  return owner;
}

/**
 * Replaced functions. Each is a proxy of the browser's own: so it keeps its name, its text and its
 * prototype, ``instanceof`` works, and a wrong ``this`` fails as ever. While not held, a proxy that
 * the page has kept or wrapped calls the browser's function.
 */
export class Patches {
  #patches = [];

  /** Whether the replaced functions act differently now. */
  holding = false;

  /**
   * Have another function called while held; a missing function stays missing.
   *
   * @param {object} object that has the function, itself or from a prototype
   * @param {string} name of the function
   * @param {(native: Function, self: any, args: any[], newTarget?: Function) => any} held
   * @param {{kind?: "value" | "get" | "set", seen?: (result: any, self: any) => void,
   *     always?: boolean}} options kind: the function itself, or one of an accessor; seen: is told
   *     of each call while not held, for which the proxy stays; always: ``held`` acts until the
   *     patch is restored by itself
   * @returns {object | null} the patch, for ``restore``
   */
  instead(object, name, held, { kind = "value", seen = null, always = false } = {}) {
    const owner = ownerOf(object, name);
    const original = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (typeof original?.[kind] !== "function" || !original.configurable) return null;
    const act = (native, self, args, newTarget) => {
      if (this.holding || always) return held(native, self, args, newTarget);
      const result = newTarget
        ? Reflect.construct(native, args, newTarget)
        : Reflect.apply(native, self, args);
      seen?.(result, self);
      return result;
    };
    const proxy = new Proxy(original[kind], {
      apply: act,
      construct: (native, args, newTarget) => act(native, undefined, args, newTarget),
    });
    const ours = { ...original, [kind]: proxy };
    const patch = { owner, name, kind, original, ours, stays: always || seen !== null };
    this.#patches.push(patch);
    return patch;
  }

  /** Put the replaced functions in place, where the page has not put its own. */
  hold() {
    this.holding = true;
    for (const patch of this.#patches) this.#swap(patch, patch.original, patch.ours);
  }

  /** Give the page the browser's own functions back, but for those that are still seen. */
  release() {
    this.holding = false;
    for (const patch of this.#patches) if (!patch.stays) this.restore(patch);
  }

  /** Give the page one function back. */
  restore(patch) {
    if (patch) this.#swap(patch, patch.ours, patch.original);
  }

  #swap({ owner, name, kind }, from, to) {
    const present = Object.getOwnPropertyDescriptor(owner, name);
    if (present?.[kind] !== from[kind] || !present.configurable) return;
    Object.defineProperty(owner, name, { ...present, [kind]: to[kind] });
  }
}

/** Objects that may be collected meanwhile. */
export class Weakly {
  #known = new WeakSet();
  #list = [];
  #sweepAt = 64;

  add(object) {
    if (this.#known.has(object)) return;
    this.#known.add(object);
    this.#list.push(new WeakRef(object));
    if (this.#list.length < this.#sweepAt) return;
    this.#list = this.#list.filter((reference) => reference.deref());
    this.#sweepAt = Math.max(64, 2 * this.#list.length);
  }

  has(object) {
    return this.#known.has(object);
  }

  *[Symbol.iterator]() {
    for (const reference of this.#list) {
      const object = reference.deref();
      if (object) yield object;
    }
  }
}
