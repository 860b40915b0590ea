// Camera, microphone, screen, speech and what asks the visitor: it waits until the page is shown.

import { Weakly } from "./patches.js";

export class Devices {
  #view;
  #waiting = []; // calls
  #streams = new Weakly();
  #sentinels = new Weakly();
  #speech = null; // set once the page has spoken
  #cancelSpeech;

  constructor(view, patches) {
    this.#view = view;
    // Not `speechSynthesis` itself: without a voice on this machine, asking for it makes Firefox say
    // so in a bar above the page, for every frame one more.
    const { Notification, SpeechSynthesis, navigator } = view;
    const note = (list) => (promise) => promise?.then?.((made) => list.add(made), () => {});
    for (const name of ["getUserMedia", "getDisplayMedia"]) {
      this.#later(patches, navigator.mediaDevices, name, note(this.#streams));
    }
    this.#later(patches, navigator.wakeLock, "request", note(this.#sentinels));
    this.#later(patches, Notification, "requestPermission");
    const speech = SpeechSynthesis?.prototype;
    this.#cancelSpeech = speech?.cancel;
    const says = [];
    const seen = (_, self) => { this.#speech = self; };
    patches.instead(speech, "speak", (native, self, args) => {
      says.push(args[0]);
      this.#speech = self;
      this.#waiting.push(() => says.includes(args[0]) && Reflect.apply(native, self, args));
    }, { seen });
    patches.instead(speech, "cancel", () => says.splice(0)); // not what the shown page says
  }

  wake() {
    for (const call of this.#waiting.splice(0)) call();
  }

  end() {
    this.#waiting = [];
    for (const stream of this.#streams) for (const track of stream.getTracks()) track.stop();
    for (const sentinel of this.#sentinels) sentinel.release().catch(() => {});
    if (this.#speech?.speaking || this.#speech?.pending) this.#cancelSpeech.call(this.#speech);
  }

  /** Let the calls of a function that answers by a promise wait. */
  #later(patches, object, name, seen = null) {
    patches.instead(object, name, (native, self, args) =>
      new this.#view.Promise((resolve, reject) => {
        this.#waiting.push(() => {
          try {
            const promise = Reflect.apply(native, self, args);
            seen?.(promise);
            resolve(promise);
          } catch (error) {
            reject(error);
          }
        });
      }), { seen });
  }
}
