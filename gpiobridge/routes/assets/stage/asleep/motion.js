// What moves in a covered page: it begins from its beginning when the page is shown.
//
// An animation is held by a playback rate of zero, at its start. A style sheet that pauses them all
// would cost the swap dearly: without it, the browser computes the style of each element anew. And
// pause() and play() would have a CSS animation ignore animation-play-state from then on.

export class Motion {
  #view;
  #patches;
  #trees;
  #requestFrame;
  #rate; // the browser's own accessor of playbackRate
  #asked = false; // for a frame, before which to look for new animations
  #held = new Map(); // by animation: its own rate
  #drawings = new Set(); // SVG whose animations are paused

  constructor(view, patches, trees) {
    this.#view = view;
    this.#patches = patches;
    this.#trees = trees;
    this.#requestFrame = view.requestAnimationFrame;
    if (view.Animation) this.#holdAnimations(view.Animation.prototype);
    trees.onElement((element) => this.#holdDrawing(element));
  }

  wake() {
    // What waits for the end of its delay has not been noticed.
    for (const root of this.#trees.roots) {
      for (const animation of root.getAnimations?.() ?? []) this.#hold(animation);
    }
    for (const [animation, rate] of this.#held) this.#setRate(animation, rate);
    for (const drawing of this.#drawings) drawing.unpauseAnimations();
    this.end();
  }

  end() {
    this.#held.clear();
    this.#drawings.clear();
  }

  // ---------------------------------------------------------------- animations and transitions

  #holdAnimations(prototype) {
    this.#rate = Object.getOwnPropertyDescriptor(prototype, "playbackRate");
    this.#trees.onRoot((root) => this.#listen(root));
    this.#trees.onElement(() => this.#look());
    this.#patches.instead(this.#view.Element.prototype, "animate", (native, self, args) => {
      const animation = Reflect.apply(native, self, args);
      this.#hold(animation);
      return animation;
    });
    this.#patches.instead(prototype, "play", (native, self, args) => {
      Reflect.apply(native, self, args);
      this.#hold(self);
    });
    // Without a rate, the browser could do neither of these.
    this.#patches.instead(prototype, "finish", (native, self, args) => {
      this.#letGo(self);
      Reflect.apply(native, self, args);
    });
    this.#patches.instead(prototype, "reverse", (native, self, args) => {
      this.#letGo(self);
      const rate = this.#rate.get.call(self);
      Reflect.apply(native, self, args);
      this.#hold(self, -rate); // until it is ready, it says its old rate
    });
    this.#holdRate(prototype);
  }

  /** Keep the rate that the page reads and sets until the animation may have it. */
  #holdRate(prototype) {
    const isHeld = (self) => this.#held.has(self);
    const set = (native, self, [rate]) => {
      if (isHeld(self) && Number.isFinite(Number(rate))) this.#held.set(self, Number(rate));
      else return Reflect.apply(native, self, [rate]);
    };
    const get = (native, self) =>
      isHeld(self) ? this.#held.get(self) : Reflect.apply(native, self, []);
    this.#patches.instead(prototype, "playbackRate", get, { kind: "get" });
    this.#patches.instead(prototype, "playbackRate", set, { kind: "set" });
    this.#patches.instead(prototype, "updatePlaybackRate", set);
  }

  #listen(root) {
    for (const type of ["animationstart", "transitionrun"]) {
      root.addEventListener(type, this.#noticed, true);
    }
  }

  #noticed = ({ target, pseudoElement }) => {
    if (!this.#patches.holding) return;
    const subtree = Boolean(pseudoElement);
    for (const animation of target.getAnimations({ subtree })) this.#hold(animation);
  };

  /** Look for what has come with new elements: a short animation may be over before its event. */
  #look() {
    if (this.#asked) return;
    this.#asked = true;
    this.#requestFrame.call(this.#view, () => {
      this.#asked = false;
      if (!this.#patches.holding) return;
      for (const root of this.#trees.roots) {
        for (const animation of root.getAnimations?.() ?? []) this.#hold(animation);
      }
    });
  }

  #hold(animation, rate = this.#rate.get.call(animation)) {
    // One that follows a scroll does not move by itself.
    const isTimed = animation.timeline === this.#view.document.timeline;
    if (this.#held.has(animation) || !isTimed) return;
    if (rate > 0 && animation.currentTime > 0) animation.currentTime = 0;
    this.#setRate(animation, 0);
    this.#held.set(animation, rate);
  }

  #letGo(animation) {
    if (!this.#held.has(animation)) return;
    this.#setRate(animation, this.#held.get(animation));
    this.#held.delete(animation);
  }

  #setRate(animation, rate) {
    this.#rate.set.call(animation, rate);
  }

  // ---------------------------------------------------------------- SVG

  #holdDrawing(element) {
    const isDrawing = element.localName === "svg" && !element.ownerSVGElement;
    const inside = element.firstElementChild ? element.querySelectorAll("svg") : [];
    for (const drawing of isDrawing ? [element, ...inside] : inside) {
      if (drawing.ownerSVGElement || this.#drawings.has(drawing)) continue;
      if (!drawing.pauseAnimations || drawing.animationsPaused()) continue;
      drawing.pauseAnimations();
      drawing.setCurrentTime(0);
      this.#drawings.add(drawing);
    }
  }
}
