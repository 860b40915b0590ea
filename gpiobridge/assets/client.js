// gpiobridge's client: shows the pins in a page, and leaves it when the server says so.
//
// The bridge puts this into the head of every page it serves. It needs no code in the page: an
// element with data-pin="button" gets data-level ("low", "high") and data-active ("true",
// "false"); <html> gets data-bridge ("online", "offline") and, with simulated pins,
// data-simulated and a small badge. A page that wants more listens to events on document
// (gpiobridge:state, :edge, :message, :online, :offline, :shown, :navigate).
//
// The one connection is always in one of these states:
//
//     waiting ──open──▶ connecting ──first frame──▶ online
//        ▲                  │                          │
//        └──── retry ───────┴──── lost, or silent ─────┤
//                                                      └── close 4000 ──▶ leaving (for good)
//
// and, from any of them, asleep while the page is hidden in the back/forward cache.
(() => {
  "use strict";

  const NAVIGATE = 4000; // the only close code that moves a page; its reason is the path
  const SILENT_BEATS = 2.5; // without a frame for so many beats the socket is given up
  const CONNECT_MS = 5000; // but a slow server has this long for its first one
  const FIRST_RETRY_MS = 100;
  const MAX_RETRY_MS = 2000;
  const ASK_TIMEOUT_MS = 3000;

  const script = document.currentScript;
  if (!script || window.gpiobridge) return; // inserted twice
  const { page, socket: socketPath, cursor: pageCursor } = script.dataset;
  const silentMs = SILENT_BEATS * 1000 * Number(script.dataset.beat);
  const activeLevels = Object.fromEntries(
    (script.dataset.active || "").split(" ").filter(Boolean).map((pair) => pair.split(":")),
  );
  // What this tab has already acted on, and what it is called, survive the move to the next page.
  const prefix = socketPath.slice(0, -`/ws/${page}`.length);
  const cursorKey = `gpiobridge${prefix}:cursor`;
  const nameKey = `gpiobridge${prefix}:display`;

  const pins = {};
  let state = "waiting";
  let socket = null;
  let epoch = "";
  let attempt = 0;
  let retryTimer = 0;
  let silenceTimer = 0;

  // ------------------------------------------------------------------ small tools

  /** How long to wait before trying again: quickly at first, then spread out, at most 2 s. */
  function retryDelayMs(attempt, random) {
    const most = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
    return attempt === 0 ? most : most * (0.5 + 0.5 * random);
  }

  // Storage can be forbidden (a sandboxed frame, a strict privacy setting): then the page's own
  // cursor has to do.
  function recall(key) {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function keep(key, value) {
    try {
      sessionStorage.setItem(key, value);
    } catch {
      // see recall
    }
  }

  function tell(name, detail, cancelable = false) {
    const event = new CustomEvent(`gpiobridge:${name}`, { bubbles: true, cancelable, detail });
    return document.dispatchEvent(event);
  }

  function setConnected(connected) {
    const value = connected ? "online" : "offline";
    if (document.documentElement.dataset.bridge === value) return;
    document.documentElement.dataset.bridge = value;
    tell(value);
  }

  // ------------------------------------------------------------------ the connection

  function open() {
    clearTimeout(retryTimer);
    abandon();
    state = "connecting";
    const url = new URL(socketPath, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    for (const cursor of [recall(cursorKey), pageCursor]) {
      if (cursor) url.searchParams.append("cursor", cursor);
    }
    const name = recall(nameKey);
    if (name) url.searchParams.set("display", name);
    socket = new WebSocket(url);
    socket.onmessage = (message) => receive(JSON.parse(message.data));
    // wasClean is not looked at: it is false now and then for a close with a code.
    socket.onclose = (event) => (event.code === NAVIGATE ? leave(event.reason) : lost());
    listenForSilence(Math.max(silentMs, CONNECT_MS));
  }

  /** Forget the socket: on a dead peer, close() alone takes a minute to report anything. */
  function abandon() {
    clearTimeout(silenceTimer);
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function lost() {
    abandon();
    if (state === "leaving" || state === "asleep") return;
    state = "waiting";
    setConnected(false);
    retryTimer = setTimeout(open, retryDelayMs(attempt, Math.random()));
    attempt += 1;
  }

  function listenForSilence(limitMs) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(lost, limitMs);
  }

  function receive(frame) {
    listenForSilence(silentMs);
    attempt = 0;
    if (frame.type === "beat") {
      socket.send('{"type":"beat"}');
    } else if (frame.type === "state") {
      state = "online";
      epoch = frame.epoch;
      setSimulated(frame.simulated);
      for (const [pin, level] of Object.entries(frame.pins)) setLevel(pin, level);
      setConnected(true);
      tell("state", { pins, seq: frame.seq, simulated: frame.simulated });
    } else if (frame.type === "edge") {
      setLevel(frame.pin, frame.level);
      const { pin, event, level, seq } = frame;
      tell("edge", { pin, event, level, active: pins[pin].active, seq });
    } else if (frame.type === "message") {
      tell("message", frame.data);
    }
    if ("seq" in frame) keep(cursorKey, `${epoch}:${frame.seq}`);
  }

  // ------------------------------------------------------------------ the page

  function setLevel(pin, level) {
    pins[pin] = { level, active: level === activeLevels[pin] };
    show(pin);
  }

  function show(pin) {
    for (const element of document.querySelectorAll(`[data-pin="${CSS.escape(pin)}"]`)) {
      element.dataset.level = pins[pin].level;
      element.dataset.active = String(pins[pin].active);
    }
  }

  function setSimulated(simulated) {
    document.documentElement.toggleAttribute("data-simulated", simulated);
    const old = document.getElementById("gpiobridge-badge");
    if (!simulated) {
      old?.remove();
    } else if (!old && document.body) {
      const badge = document.createElement("div");
      badge.id = "gpiobridge-badge";
      badge.textContent = "simulated pins";
      // Set one by one: a style attribute would be against a strict policy.
      Object.assign(badge.style, {
        position: "fixed", top: "8px", right: "8px", zIndex: "2147483647",
        padding: "4px 10px", borderRadius: "999px", pointerEvents: "none",
        font: "600 12px/1.4 system-ui, sans-serif", color: "#422006", background: "#fde68a",
      });
      document.body.append(badge);
    }
  }

  // ------------------------------------------------------------------ leaving

  /** Go to the next page, once the server answers: a dead one would leave an error page. */
  async function leave(path) {
    abandon();
    const url = new URL(path, location.href);
    if (url.origin !== location.origin) return lost(); // never led elsewhere
    if (!tell("navigate", { page: path }, true)) return lost(); // the page declined
    state = "leaving";
    for (let tries = 0; !(await answers(url)); tries += 1) {
      setConnected(false);
      await new Promise((done) => setTimeout(done, retryDelayMs(tries, Math.random())));
      if (state !== "leaving") return; // put to sleep meanwhile
    }
    if (state === "leaving") location.assign(url);
  }

  async function answers(url) {
    try {
      const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
      const response = await fetch(url, { method: "HEAD", cache: "no-store", signal });
      return response.status < 500;
    } catch {
      return false;
    }
  }

  // ------------------------------------------------------------------ the page's life

  function shown() {
    const name = new URL(location.href).searchParams.get("display");
    if (name) keep(nameKey, name);
    tell("shown");
    open();
  }

  function sleep() {
    // A page in the back/forward cache must not keep a socket: it would be a ghost display.
    state = "asleep";
    clearTimeout(retryTimer);
    abandon();
  }

  function wake() {
    if (state === "online" || state === "leaving") return;
    attempt = 0;
    open();
  }

  addEventListener("pagehide", sleep);
  addEventListener("pageshow", (event) => event.persisted && wake());
  document.addEventListener("resume", wake);
  addEventListener("online", wake);
  document.addEventListener("DOMContentLoaded", () => {
    // Frames may have come before the elements.
    Object.keys(pins).forEach(show);
    setSimulated(document.documentElement.hasAttribute("data-simulated"));
  });

  window.gpiobridge = { page, pins, go: (name) => leave(`${prefix}/${name}`) };

  // A page that is only prerendered is no display yet.
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", shown, { once: true });
  } else {
    shown();
  }
})();
