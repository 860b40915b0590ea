// The focus of a covered page: the page gets it when it is shown.
//
// A covered frame that takes the focus takes the next key, too, even if it is inert.

const CAN_HAVE_FOCUS = [
  "a[href]", "button:enabled", "input:enabled", "select:enabled", "textarea:enabled", "[tabindex]",
].join(", ");

/** The element of a dialog that gets the focus when the dialog opens. */
function firstOf(dialog) {
  return dialog.querySelector("[autofocus]") ?? dialog.querySelector(CAN_HAVE_FOCUS) ?? dialog;
}

/** The element of the shown page that loses the focus in the task that runs. */
let lastOwner = null;

/** Give the focus back to the shown frame of the stage, which alone is not inert. */
function giveBack(taker) {
  const element = lastOwner;
  const frames = [...document.querySelectorAll("iframe, object")];
  const shown = frames.find((frame) => frame !== taker && !frame.inert);
  (shown?.contentWindow ?? window).focus();
  element?.focus({ preventScroll: true });
}

export class Focus {
  #view;
  #patches;
  #focus;
  #blur;
  #wanted = null; // the element that is to get the focus, and how

  constructor(view, patches, trees) {
    this.#view = view;
    this.#patches = patches;
    this.#focus = view.focus;
    this.#blur = view.HTMLElement.prototype.blur;
    const { HTMLDialogElement, HTMLElement, HTMLInputElement, HTMLTextAreaElement } = view;
    const focusable = [HTMLElement, view.SVGElement, view.MathMLElement].filter(Boolean);
    for (const { prototype } of focusable) {
      patches.instead(prototype, "focus", (...call) => this.#want(...call));
      patches.instead(prototype, "blur", (native, element, args) => {
        if (this.#wanted?.element === element) this.#wanted = null;
        else Reflect.apply(native, element, args);
      });
    }
    for (const { prototype } of [HTMLInputElement, HTMLTextAreaElement]) {
      patches.instead(prototype, "select", (...call) => this.#want(...call));
    }
    for (const name of ["show", "showModal"]) {
      patches.instead(HTMLDialogElement?.prototype, name, (...call) => this.#open(...call));
    }
    patches.instead(view, "focus", () => {});
    // For what is not a call, such as autofocus.
    trees.onRoot((root) => root.addEventListener("focusin", this.#taken, true));
    trees.onRoot((root) => root.addEventListener("focusout", this.#lost, true));
  }

  /** The element that wants the focus, or null. */
  get wanted() {
    if (this.#wanted?.element.isConnected) return this.#wanted.element;
    return this.#view.document.querySelector("[autofocus]");
  }

  /** Give the page the focus, and in it the element that last wanted it or has taken it since. */
  take() {
    const { wanted } = this;
    const act = this.#wanted?.element === wanted ? this.#wanted?.act : null;
    this.#wanted = null;
    this.#focus.call(this.#view);
    if (act) act();
    else wanted?.focus();
  }

  end() {
    this.#wanted = null;
  }

  #want(native, element, args) {
    if (!(element instanceof this.#view.Element)) return Reflect.apply(native, element, args);
    this.#wanted = { element, act: () => Reflect.apply(native, element, args) };
  }

  /** Open a dialog; while it is inert, it takes no focus. */
  #open(native, dialog, args) {
    const { inert } = dialog;
    dialog.inert = true;
    try {
      Reflect.apply(native, dialog, args);
    } finally {
      dialog.inert = inert;
    }
    this.#wanted = { element: dialog, act: () => dialog.open && firstOf(dialog).focus() };
  }

  #taken = (event) => {
    const [element] = event.composedPath();
    if (element !== this.#wanted?.element) this.#wanted = { element, act: () => element.focus() };
    if (!this.#patches.holding) return;
    this.#blur.call(element);
    giveBack(this.#view.frameElement);
  };

  /** When another frame takes the focus, the shown page's element loses it first. */
  #lost = (event) => {
    if (this.#patches.holding) return;
    [lastOwner] = event.composedPath();
    queueMicrotask(() => { lastOwner = null; }); // then it was no other frame
  };
}
