// What moves in a covered page: it begins from its beginning when the page is shown.

// Rules of a layer are stronger than others of the page, if they are important.
const HELD = `@layer {
  *, *::before, *::after, *::backdrop { animation-play-state: paused !important; }
}`;

export class Motion {
  #view;
  #patches;
  #trees;
  #sheet = null;
  #natives = {};
  #held = new Set(); // animations of scripts, and transitions
  #drawings = new Set(); // SVG whose animations are paused

  constructor(view, patches, trees) {
    this.#view = view;
    this.#patches = patches;
    this.#trees = trees;
    this.#keepSheet();
    this.#holdScripted();
    trees.onRoot((root) => this.#holdStyled(root));
    trees.onElement((element) => this.#holdDrawn(element));
  }

  wake() {
    for (const root of this.#trees.roots) this.#withoutSheet(root);
    for (const animation of this.#held) this.#do("play", animation);
    for (const drawing of this.#drawings) drawing.unpauseAnimations();
    this.#held.clear();
    this.#drawings.clear();
  }

  end() {
    this.#held.clear();
  }

  // ---------------------------------------------------------------- of style sheets

  #keepSheet() {
    const { CSSStyleSheet, Document, ShadowRoot } = this.#view;
    if (!("adoptedStyleSheets" in Document.prototype)) return;
    this.#sheet = new CSSStyleSheet();
    this.#sheet.replaceSync(HELD);
    for (const { prototype } of [Document, ShadowRoot]) {
      this.#patches.instead(prototype, "adoptedStyleSheets", (native, root, [sheets]) => {
        Reflect.apply(native, root, [sheets]);
        this.#withSheet(root);
      }, { kind: "set" });
    }
  }

  #withSheet(root) {
    if (!this.#sheet || root.adoptedStyleSheets.includes(this.#sheet)) return;
    root.adoptedStyleSheets.push(this.#sheet);
  }

  #withoutSheet(root) {
    if (!this.#sheet) return;
    root.adoptedStyleSheets = [...root.adoptedStyleSheets].filter((each) => each !== this.#sheet);
  }

  #holdStyled(root) {
    if (!this.#patches.holding) return;
    this.#withSheet(root);
    // A style sheet can't pause a transition. It has made one step at most by now.
    root.addEventListener("transitionrun", this.#holdTransitions, true);
  }

  #holdTransitions = ({ target, propertyName }) => {
    if (!this.#patches.holding) return;
    for (const animation of target.getAnimations({ subtree: true })) {
      if (animation.transitionProperty === propertyName && !this.#held.has(animation)) {
        this.#hold(animation);
        animation.currentTime = 0;
      }
    }
  };

  // ---------------------------------------------------------------- of scripts

  #holdScripted() {
    const { Animation, Element } = this.#view;
    if (!Animation) return;
    for (const name of ["play", "pause"]) this.#natives[name] = Animation.prototype[name];
    this.#patches.instead(Element.prototype, "animate", (native, self, args) => {
      const animation = Reflect.apply(native, self, args);
      this.#hold(animation);
      return animation;
    });
    for (const name of ["play", "reverse"]) {
      this.#patches.instead(Animation.prototype, name, (native, self, args) => {
        Reflect.apply(native, self, args);
        this.#hold(self);
      });
    }
    for (const name of ["pause", "cancel", "finish"]) {
      this.#patches.instead(Animation.prototype, name, (native, self, args) => {
        Reflect.apply(native, self, args);
        this.#held.delete(self);
      });
    }
  }

  #hold(animation) {
    this.#do("pause", animation);
    this.#held.add(animation);
  }

  #do(name, animation) {
    try {
      Reflect.apply(this.#natives[name], animation, []);
    } catch {
      // An endless one can't be played backwards, for example: the page has not asked for that here.
    }
  }

  // ---------------------------------------------------------------- of SVG

  #holdDrawn(element) {
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
