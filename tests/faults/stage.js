// What a page on a stage notes of its own life, for the oracle: see records.py. It runs behind
// client.js, while the page is still asleep, and so before its first socket.
(() => {
  if (window.parent === window) return; // a page alone
  const page = window.gpiobridge.page;
  const script = document.querySelector("script[data-cursor]");
  const nowMs = () => performance.timeOrigin + performance.now();
  const say = (kind, fields = {}) => console.debug(`faults ${JSON.stringify({ kind, ...fields })}`);
  const statement = (add) => {
    const number = Number(sessionStorage.getItem("faults:number") ?? 0) + add;
    sessionStorage.setItem("faults:number", number);
    return number;
  };
  // After so many beats on one socket the server has heard what was said before them: it drops who
  // answers none of three, and no fault holds an answer up for longer than the other seven take.
  const PROOF = 10;
  let begun = false;
  let takes = true; // whether presses count, as far as the page has said
  let deciding = null; // a close by which the page is to leave

  /** The page's first socket is asked for. */
  function begin(cursors) {
    begun = true;
    const known = sessionStorage.getItem("faults:begun");
    sessionStorage.setItem("faults:begun", "1");
    if (!cursors.includes(script.dataset.cursor)) return; // it waited behind the stage
    const [epoch, seq] = script.dataset.cursor.split(":");
    const fields = { page, sent: performance.timeOrigin, got: nowMs(), fresh: !known };
    say("loaded", { ...fields, epoch, seq: Number(seq) });
  }

  function saySince(ms) {
    if (takes) return;
    takes = true;
    say("took", { number: statement(1), at: nowMs() - ms });
  }

  window.addEventListener("gpiobridge:navigate", (event) => {
    if (!deciding) return;
    const { fields } = deciding;
    deciding = null;
    if (event.defaultPrevented) return say("stayed", { ...fields, declined: true });
    top.faultsLeaving = true;
    say("left", fields);
  });

  window.WebSocket = class extends WebSocket {
    #sent = nowMs();
    #heard = nowMs();
    #number = 0;
    #seq = -1;
    #joined = false;
    #followed = false;
    #pressed = false;
    #unproven = null; // a word of which nothing shows yet that the server has heard it
    #beats = 0;

    constructor(address) {
      super(address);
      const query = new URL(address).searchParams;
      const cursors = query.getAll("cursor");
      const taking = query.get("taking");
      if (!begun) begin(cursors);
      if (taking === "none") {
        if (takes) say("stopped", { number: statement(1) });
        takes = false;
      } else if (taking !== null) saySince(Number(taking));
      this.#number = statement(0);
      this.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(data);
        this.#heard = nowMs();
        if (frame.type === "state") this.#join(frame, cursors, taking !== "none");
        else this.#take(frame);
      });
      this.addEventListener("close", ({ code, reason }) => {
        if (!this.#joined) return;
        if (code !== 4000) return this.#lose();
        this.#joined = false;
        const how = { seq: this.#seq, pressed: this.#pressed, at_once: !this.#followed };
        deciding = { fields: { page, to: reason.slice(1), at: nowMs(), ...how } };
      });
      // Behind the client's own listener, which it sets as soon as the socket is made.
      queueMicrotask(() => this.addEventListener("close", () => {
        if (deciding) say("stayed", { ...deciding.fields, declined: false });
        deciding = null;
      }));
      top.faultsSocket = this;
    }

    #join(frame, cursors, asked) {
      this.#joined = true;
      top.faultsLeaving = false;
      this.#seq = frame.seq;
      const acted = cursors.map((each) => each.split(":")).find(([epoch]) => epoch === frame.epoch);
      say("joined", {
        page, sent: this.#sent, got: this.#heard, epoch: frame.epoch, seq: frame.seq, takes: asked,
        acted: acted ? Number(acted[1]) : frame.seq,
      });
      say("known", { number: this.#number, sent: this.#sent, at: this.#heard, seq: this.#seq });
    }

    #take(frame) {
      this.#followed = true;
      this.#pressed = frame.type === "edge";
      if (frame.type === "edge") this.#seq = frame.seq;
      if (frame.type === "message") {
        say("got", { number: frame.data.number, at: this.#heard, seq: this.#seq });
      }
      if (frame.type === "beat" && this.#unproven && ++this.#beats === PROOF) {
        say("known", { ...this.#unproven, at: this.#heard, seq: this.#seq });
        this.#unproven = null;
      }
    }

    #lose() {
      if (!this.#joined) return;
      this.#joined = false;
      say("lost", { at: nowMs(), heard: this.#heard, followed: this.#followed });
    }

    send(text) {
      super.send(text);
      const frame = JSON.parse(text);
      if (frame.type !== "taking") return;
      saySince(frame.since_ms);
      const word = { number: statement(0), sent: nowMs() };
      say("said", { ...word, seq: this.#seq });
      this.#unproven = word;
      this.#beats = 0;
    }

    close() {
      this.#lose();
      super.close();
    }

    /** The tab is closed or loaded anew: nothing that still comes counts. */
    forget() {
      this.onclose = this.onmessage = null;
      this.#lose();
    }
  };
})();
