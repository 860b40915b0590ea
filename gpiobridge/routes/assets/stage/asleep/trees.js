// The document of a page and its shadow roots, and what comes into them while the page is covered.

import { Weakly } from "./patches.js";

/**
 * Tells of each tree, and of each element that comes into one. It finds the shadow roots that
 * ``attachShadow`` makes, and those of the parser that are open.
 */
export class Trees {
  #document;
  #observer;
  #roots = new Weakly();
  #rootActs = [];
  #elementActs = [];

  constructor(view, patches) {
    this.#document = view.document;
    // Chromium makes the nodes that a function gets as nodes of the function's window, for good. As
    // nodes of ours, they would be no Node to the page. A proxy is of the window that made it.
    const notice = new view.Proxy((records) => this.#notice(records), {});
    this.#observer = new view.MutationObserver(notice);
    patches.instead(view.Element.prototype, "attachShadow", (native, self, args) => {
      const root = Reflect.apply(native, self, args);
      this.#add(root);
      return root;
    });
  }

  /** Act on each tree, known or new; for the document, ``act`` may be called again. */
  onRoot(act) {
    this.#rootActs.push(act);
  }

  /** Act on each element that comes into a tree, but not on what is inside it. */
  onElement(act) {
    this.#elementActs.push(act);
  }

  /** The trees that have been found while the page was covered, and are still there. */
  get roots() {
    return this.#roots;
  }

  start() {
    this.#add(this.#document);
    if (this.#document.documentElement) this.#meet(this.#document.documentElement);
  }

  stop() {
    this.#observer.disconnect();
  }

  #add(root) {
    this.#roots.add(root);
    this.#observer.observe(root, { childList: true, subtree: true });
    for (const act of this.#rootActs) act(root);
  }

  #notice(records) {
    // document.open() has removed all listeners.
    if (records.some(({ target }) => target === this.#document)) this.#add(this.#document);
    for (const { addedNodes } of records) {
      for (const node of addedNodes) if (node.localName) this.#meet(node);
    }
  }

  #meet(element) {
    for (const act of this.#elementActs) act(element);
    const { shadowRoot } = element;
    if (shadowRoot && !this.#roots.has(shadowRoot)) this.#add(shadowRoot);
  }
}
