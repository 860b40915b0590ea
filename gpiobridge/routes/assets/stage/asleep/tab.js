// What belongs to the tab, not to a covered page: dialogs, windows, history, full screen.

const IGNORED = ["alert", "confirm", "prompt", "print", "open"];
const DISMISSED = { confirm: false, prompt: null, open: null };

export class Tab {
  #view;
  #patches;
  #blocked = [
    ["Element", "requestFullscreen", "TypeError", "Permissions check failed"],
    ["Element", "requestPointerLock", "NotAllowedError", "The page is not shown."],
    ["HTMLVideoElement", "requestPictureInPicture", "NotAllowedError", "The page is not shown."],
  ];

  constructor(view, patches) {
    this.#view = view;
    this.#patches = patches;
    for (const name of IGNORED) patches.instead(view, name, () => DISMISSED[name]);
    const history = view.History.prototype;
    const { replaceState } = history;
    const replace = (_, self, args) => Reflect.apply(replaceState, self, args);
    patches.instead(history, "pushState", replace);
    // There is no entry of a covered page to go to, and the shown page must not leave.
    for (const name of ["back", "forward", "go"]) patches.instead(history, name, () => {});
    patches.instead(view.Navigator.prototype, "vibrate", () => false);
    // A touch of the shown page allows these to all frames of the same origin.
    for (const [owner, name, ...why] of this.#blocked) {
      patches.instead(view[owner]?.prototype, name, () => view.Promise.reject(this.#error(...why)));
    }
    view.navigation?.addEventListener("navigate", (event) => this.#replace(event));
  }

  /** Leave what covers the next page, or holds the visitor. */
  end() {
    const { document, documentPictureInPicture, navigator } = this.#view;
    const quiet = (promise) => promise?.catch?.(() => {});
    if (document.fullscreenElement) quiet(document.exitFullscreen());
    if (document.pointerLockElement) document.exitPointerLock();
    if (document.pictureInPictureElement) quiet(document.exitPictureInPicture());
    documentPictureInPicture?.window?.close();
    // Without a touch so far, the browser would only warn that it can't vibrate.
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(0);
  }

  #error(name, message) {
    const { DOMException, TypeError } = this.#view;
    return name === "TypeError" ? new TypeError(message) : new DOMException(message, name);
  }

  /** A covered page that sets its location must not add to the tab's history. */
  #replace(event) {
    const { cancelable, destination, downloadRequest, formData, navigationType } = event;
    if (!this.#patches.holding || navigationType !== "push" || !cancelable) return;
    if (formData || downloadRequest !== null) return;
    event.preventDefault();
    const going = this.#view.navigation.navigate(destination.url, { history: "replace" });
    for (const promise of Object.values(going)) promise.catch(() => {});
  }
}
