// The exhibit's sounds, by Web Audio. On a stage, the stage plays them, which never leaves; a page that
// is shown alone plays them itself until it leaves.
//
// Each sound is loaded and decoded ahead, and plays once at a time. A loop has no gap. `follow` says
// which sounds belong to the page on the screen: those that the page before didn't have begin, and
// those that only it had fade out. `play` and `stop` are for rules and for the application.

const FADE_MS = 500; // of a sound that ends before its time
const CUT_MS = 20; // of a sound that begins anew: an abrupt end is a click
const SETTLES = 6; // time constants in such a time: after them, 0.25 % is left
const LATE_MS = 1000; // a sound that isn't decoded by then is not begun any more, unless it repeats
const AGAIN_MS = 2000; // between two tries to load a sound
const GESTURES = ["pointerdown", "keydown", "touchend"]; // after which a browser allows sound

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

export class Sounds {
  /** @param {string} prefix of the bridge's own routes. */
  constructor(prefix) {
    this.prefix = prefix;
    this.context = null; // none while the exhibit has no sounds
    this.told = {}; // by name: what the server tells of each sound
    this.buffers = new Map(); // by name: the promise of the decoded sound; null if it can't be had
    this.voices = new Map(); // by name: what sounds just now
    this.looping = new Set(); // loops that are to sound, also once they are decoded or allowed
    this.ofPage = new Set(); // the sounds of the page on the screen
    this.listening = new WeakSet(); // windows in which a gesture is awaited
  }

  /**
   * Take what the server tells, and load what is new.
   *
   * @param {Record<string, {url: string, loop: boolean, volume: number}>} told
   */
  take(told = {}) {
    const before = this.told;
    this.told = told;
    const isOther = (name) => JSON.stringify(before[name]) !== JSON.stringify(told[name]);
    for (const name of Object.keys(before).filter(isOther)) {
      this.#end(name, FADE_MS);
      this.voices.delete(name);
      this.buffers.delete(name);
      if (!told[name]?.loop) this.looping.delete(name);
    }
    if (Object.keys(told).length && !this.#open()) return;
    for (const name of Object.keys(told).filter(isOther)) {
      this.buffers.set(name, this.#load(name, told[name].url));
      if (this.looping.has(name)) this.#begin(name);
    }
  }

  /** Play the sounds of the page that is on the screen now, and end those of the page before. */
  follow(names) {
    const ofPage = new Set(names);
    for (const name of this.ofPage) if (!ofPage.has(name)) this.stop(name);
    for (const name of ofPage) if (!this.ofPage.has(name) || this.told[name]?.loop) this.play(name);
    this.ofPage = ofPage;
  }

  /** Play a sound: one that repeats goes on if it plays, any other begins anew. */
  play(name) {
    if (!this.told[name] || !this.context) return;
    if (this.told[name].loop) this.looping.add(name);
    this.#allow();
    this.#begin(name);
  }

  /** End a sound. */
  stop(name) {
    this.looping.delete(name);
    this.#end(name, FADE_MS);
  }

  /** Await the gesture in a window after which its browser allows sound, if one is needed. */
  listen(view) {
    if (!this.context || this.context.state === "running" || this.listening.has(view)) return;
    this.listening.add(view);
    for (const type of GESTURES) {
      view.addEventListener(type, () => this.#allow(), { capture: true, passive: true });
    }
  }

  #open() {
    if (this.context || !window.AudioContext) return this.context !== null;
    this.context = new AudioContext();
    this.context.onstatechange = () => {
      if (this.context.state === "running") for (const name of this.looping) this.#begin(name);
    };
    return true;
  }

  /** Ask for sound. A browser that wants a gesture first answers when there was one, or never. */
  #allow() {
    if (this.context?.state !== "running") this.context?.resume().catch(() => {});
  }

  /** Load and decode a sound, as soon as the server answers; null if that can't be. */
  async #load(name, url) {
    for (;;) {
      if (this.told[name]?.url !== url) return null; // another one is asked for
      const answer = await fetch(url).catch(() => null);
      const data = answer?.ok && (await answer.arrayBuffer().catch(() => null));
      if (data) {
        return this.context.decodeAudioData(data).catch((error) => this.#report(name, error));
      }
      if (answer && answer.status < 500 && answer.status !== 429 && !answer.ok) {
        return this.#report(name, `its file answers ${answer.status}`);
      }
      await pause(AGAIN_MS);
    }
  }

  #report(name, why) {
    console.warn(`gpiobridge: the sound ${name} can't be played: ${why}`);
    fetch(`${this.prefix}/gpiobridge/sounds/${name}/broken`, { method: "POST" }).catch(() => {});
    return null;
  }

  async #begin(name) {
    const { loop, volume } = this.told[name];
    const playing = this.voices.get(name);
    if (loop && playing) {
      clearTimeout(playing.timer); // it may just fade out
      playing.timer = 0;
      playing.gain.gain.setTargetAtTime(volume, this.context.currentTime, FADE_MS / 1000 / SETTLES);
      return;
    }
    const loading = this.buffers.get(name);
    const atMs = performance.now();
    const buffer = await loading;
    if (!buffer) return;
    const isSilent = () => this.context.state !== "running";
    if (!loop && isSilent()) {
      await Promise.race([this.context.resume().catch(() => {}), pause(LATE_MS)]);
    }
    // What is begun in silence would be heard later, all at once.
    if (isSilent() || loading !== this.buffers.get(name)) return;
    if (loop && (!this.looping.has(name) || this.voices.has(name))) return;
    if (!loop && performance.now() - atMs > LATE_MS) return;
    this.#end(name, CUT_MS);
    const source = new AudioBufferSourceNode(this.context, { buffer, loop });
    const gain = new GainNode(this.context, { gain: volume });
    source.connect(gain).connect(this.context.destination);
    const voice = { source, gain, timer: 0 };
    this.voices.set(name, voice);
    source.onended = () => {
      gain.disconnect();
      if (this.voices.get(name) === voice) this.voices.delete(name);
    };
    source.start();
  }

  /** Fade a sound out. */
  #end(name, ms) {
    const voice = this.voices.get(name);
    if (!voice || voice.timer) return;
    voice.gain.gain.setTargetAtTime(0, this.context.currentTime, ms / 1000 / SETTLES);
    voice.timer = setTimeout(() => {
      voice.source.stop();
      if (this.voices.get(name) === voice) this.voices.delete(name);
    }, ms);
  }
}
