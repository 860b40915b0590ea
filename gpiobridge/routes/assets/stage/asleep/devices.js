// Camera, microphone, screen, speech and what asks the visitor: it waits until the page is shown.

import { Weakly } from "./patches.js";

export class Devices {
  #view;
  #waiting = []; // calls
  #streams = new Weakly();
  #sentinels = new Weakly();
  #cancelSpeech;
  #speaker = null; // the page's speechSynthesis, once it has spoken

  constructor(view, patches) {
    this.#view = view;
    const { Notification, navigator } = view;
    const note = (list) => (promise) => promise?.then?.((made) => list.add(made), () => {});
    for (const name of ["getUserMedia", "getDisplayMedia"]) {
      this.#later(patches, navigator.mediaDevices, name, note(this.#streams));
    }
    this.#later(patches, navigator.wakeLock, "request", note(this.#sentinels));
    this.#later(patches, Notification, "requestPermission");
    // Not by window.speechSynthesis: without a speech service, Firefox answers that with a bar above
    // the page. Chromium has always had one, but not always its interface.
    const speech = view.SpeechSynthesis?.prototype ?? view.speechSynthesis;
    this.#cancelSpeech = speech?.cancel;
    const says = [];
    const say = (native, self, args) => {
      this.#speaker = self;
      Reflect.apply(native, self, args);
    };
    patches.instead(speech, "speak", (native, self, args) => {
      says.push(args[0]);
      this.#waiting.push(() => says.includes(args[0]) && say(native, self, args));
    }, { seen: (_, self) => { this.#speaker = self; } });
    patches.instead(speech, "cancel", () => says.splice(0)); // not what the shown page says
  }

  wake() {
    for (const call of this.#waiting.splice(0)) call();
  }

  end() {
    this.#waiting = [];
    for (const stream of this.#streams) for (const track of stream.getTracks()) track.stop();
    for (const sentinel of this.#sentinels) sentinel.release().catch(() => {});
    if (this.#speaker?.speaking || this.#speaker?.pending) this.#cancelSpeech.call(this.#speaker);
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
