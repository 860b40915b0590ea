// What a page of the stage may not do while it is covered, and after it was left.
//
// A browser tells a covered frame nothing: it is "visible", plays, sounds, animates, takes the
// focus and asks in dialogs. So the stage holds these back in the frame's window until the page is
// shown, as the browser does with a prerendered page:
//
//     asleep ──wake()──▶ awake ──end()──▶ ended
//
// Awake, the page has the browser's own functions back. Only what has to be ended later is still
// seen: play(), and what makes audio contexts, EventSources, streams and wake locks. An ended page
// is as asleep, and what it has begun ends; its frame is removed soon.
//
// Not held: timers, workers, requests and sockets of the page; animated pictures (GIF); a frame
// inside the page until it has loaded, and frames of other sites.

import { Devices } from "./asleep/devices.js";
import { Films } from "./asleep/films.js";
import { Focus } from "./asleep/focus.js";
import { Frames } from "./asleep/frames.js";
import { Motion } from "./asleep/motion.js";
import { Pace } from "./asleep/pace.js";
import { Patches } from "./asleep/patches.js";
import { Sounds } from "./asleep/sounds.js";
import { Sources } from "./asleep/sources.js";
import { Tab } from "./asleep/tab.js";
import { Trees } from "./asleep/trees.js";

export class Sleep {
  #view;
  #state = "asleep";
  #patches = new Patches();
  #trees;
  #focus;
  #parts;

  /**
   * Let a page sleep.
   *
   * @param {Window} view the window of its frame, before any script of the page has run
   */
  constructor(view) {
    this.#view = view;
    this.#sayPrerendering();
    const patches = this.#patches;
    this.#trees = new Trees(view, patches);
    this.#focus = new Focus(view, patches, this.#trees);
    // In this order they begin when the page is shown: what is seen and heard first.
    this.#parts = [
      new Motion(view, patches, this.#trees),
      new Films(view, patches, this.#trees),
      new Sounds(view, patches),
      new Pace(view, patches),
      new Tab(view, patches),
      new Devices(view, patches),
      new Sources(view, patches),
      new Frames(view, patches, this.#trees, (child) => new Sleep(child)),
    ];
    patches.hold();
    this.#trees.start();
  }

  /** "asleep", "awake" or "ended". */
  get state() {
    return this.#state;
  }

  /**
   * Wake the page: it is on the screen from now on.
   *
   * @param {{focus?: boolean}} options focus: whether it gets the focus at once (`takeFocus`)
   */
  wake({ focus = true } = {}) {
    if (this.#state !== "asleep") return;
    this.#state = "awake";
    this.#patches.release();
    for (const part of this.#parts) part.wake?.();
    this.#trees.stop();
    if (focus) this.takeFocus();
    this.#view.document.dispatchEvent(new this.#view.Event("prerenderingchange"));
  }

  /** Give a page that is awake the focus, and in it the element that last wanted it. */
  takeFocus() {
    if (this.#state === "awake") this.#focus.take();
  }

  /**
   * End the page: it saves its data, and is silent from now on.
   *
   * @param {{shown?: boolean}} options shown: whether it was on the screen, and may have data
   */
  end({ shown = this.#state === "awake" } = {}) {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#patches.hold();
    if (shown) this.#letSave();
    for (const part of [...this.#parts, this.#focus]) part.end?.();
    this.#trees.stop();
  }

  /** Have ``document.prerendering`` say that the page is asleep, as the browser's own would. */
  #sayPrerendering() {
    const { prototype } = this.#view.Document;
    const isAsleep = () => this.#state === "asleep";
    if ("prerendering" in prototype) {
      this.#patches.instead(prototype, "prerendering", isAsleep, { kind: "get" });
      return;
    }
    // Firefox has none. It stays, and says false, as a page that has asked once expects.
    const { prerendering } = Object.getOwnPropertyDescriptors({
      get prerendering() { return isAsleep(); },
    });
    Object.defineProperty(prototype, "prerendering", prerendering);
  }

  /** Let handlers of beforeunload save the page's data. None can ask: the frame is removed. */
  #letSave() {
    const event = this.#view.document.createEvent("BeforeUnloadEvent");
    event.initEvent("beforeunload", false, true);
    this.#view.dispatchEvent(event);
  }
}
