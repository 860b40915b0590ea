// Frames of the same site inside a covered page: they sleep with it, from when they have loaded.
//
// A window tells nobody before its scripts run, so what they do until then can't be held.

/** Whether a window can be looked into. */
function isOurs(view) {
  try {
    return Boolean(view?.document);
  } catch {
    return false; // it belongs to another site
  }
}

export class Frames {
  #view;
  #patches;
  #makeSleep;
  #sleeps = new Map(); // by document: a frame may load another one

  constructor(view, patches, trees, makeSleep) {
    this.#view = view;
    this.#patches = patches;
    this.#makeSleep = makeSleep;
    trees.onRoot((root) => root.addEventListener("load", this.#loaded, true));
  }

  wake() {
    for (const sleep of this.#sleeps.values()) sleep.wake({ focus: false });
  }

  /** End all frames inside, those that came later, too. */
  end() {
    for (let i = 0; i < this.#view.length; i += 1) this.#add(this.#view[i]);
    for (const sleep of this.#sleeps.values()) sleep.end({ shown: true });
    this.#sleeps.clear();
  }

  #loaded = ({ target }) => {
    if (this.#patches.holding && "contentWindow" in target) this.#add(target.contentWindow);
  };

  #add(view) {
    if (!isOurs(view) || this.#sleeps.has(view.document)) return;
    this.#sleeps.set(view.document, this.#makeSleep(view));
  }
}
