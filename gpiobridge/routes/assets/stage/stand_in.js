// A display's place at the bridge while its screen shows what has no client of its own: an error's
// plain picture, or a file. It takes no presses. Without it, a kiosk's launcher would take the page
// for dead, and start the browser anew before the screen is home.

import { recall } from "./storage.js";

const AGAIN_MS = 2000; // between two tries to connect

export class StandIn {
  /**
   * @param {string} prefix of the bridge's own routes.
   * @param {(url: URL) => void} lead is called if the application orders another page.
   */
  constructor(prefix, lead) {
    this.prefix = prefix;
    this.lead = lead;
    this.socket = null;
    this.page = ""; // the name of the page for which it stands; "" if it need not
    this.timer = 0;
  }

  /** Stand in for the page named ``page``, until `leave`. */
  join(page) {
    this.leave();
    this.page = page;
    this.#open();
  }

  leave() {
    this.page = "";
    clearTimeout(this.timer);
    if (!this.socket) return;
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  #open() {
    const url = new URL(`${this.prefix}/ws/${this.page}?taking=none`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (document.hidden) url.searchParams.set("visible", "false");
    const name = recall(`gpiobridge${this.prefix}:display`);
    if (name) url.searchParams.set("display", name);
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => {
      if (JSON.parse(data).type === "beat") socket.send('{"type":"beat"}');
    };
    socket.onclose = ({ code, reason }) => {
      this.socket = null;
      if (code === 4000) this.lead(new URL(reason, location.href));
      this.timer = setTimeout(() => this.#open(), AGAIN_MS);
    };
    this.socket = socket;
  }
}
