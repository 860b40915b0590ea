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
//     waiting ──server answers──▶ connecting ──first frame──▶ online
//        ▲                            │                          │
//        └───────────── lost, or silent, or the next page is gone ──┤
//                                                      leaving ◀── close 4000, or go()
//
// and, from any of them, asleep: hidden in the back/forward cache, or not shown yet.
(() => {
  "use strict";

  const NAVIGATE = 4000; // the only close code that moves a page; its reason is the path
  const MIN_CONNECT_MS = 2000; // for a handshake on a slow Pi
  const MAX_CONNECT_MS = 6000; // Chromium may hold a new socket back for 5 s
  const SILENT_BEATS = 2.5; // without a frame for so many beats the socket is given up
  const FIRST_RETRY_MS = 100;
  const MAX_RETRY_MS = 2000;
  const ANSWER_MS = 5000; // a server that needs longer counts as down for now
  const LOAD_MS = 10_000; // a navigation that hasn't replaced this page by then has come to nothing
  const LOADS = 2; // and so often it is tried: the server may have died in between
  const FAREWELL_MS = 10_000; // how long a page may keep the next one waiting (waitUntil)
  const MAX_MESSAGE_BYTES = 16 * 1024; // the server closes the socket of a larger one
  const MAX_UNSENT = 100; // messages that wait for a connection
  const FILM_STARTS_MS = 10_000; // how long a film may take to begin by itself
  const FILM_CHECK_MS = 500; // one that is taken out of the page says nothing
  const ALWAYS_MS = 1e9; // longer than any press is remembered

  const script = document.currentScript;
  if (!script || window.gpiobridge) return; // inserted twice
  const { page, socket: socketPath, cursor: pageCursor } = script.dataset;
  const prefix = socketPath.slice(0, -`/ws/${page}`.length);
  const start = `${prefix}/gpiobridge/start`; // which leads to the start page of now
  const paths = JSON.parse(script.dataset.paths); // of every page, by name
  // Rules that run here, so that they are exact, and work without a server.
  const lockoutMs = 1000 * Number(script.dataset.lockout || 0);
  const idleMs = 1000 * Number(script.dataset.idle || 0);
  const idlePins = (script.dataset.idlePins || "").split(" ");
  const levelRules = JSON.parse(script.dataset.levels || "{}"); // pin, level: where that leads
  // What this tab keeps: what it hands to the page that it leads to, what this page has acted on if
  // it is reloaded, and what the display is called.
  const handedKey = `gpiobridge${prefix}:handed`;
  const cursorKey = `gpiobridge${prefix}:cursor`;
  const nameKey = `gpiobridge${prefix}:display`;

  const pins = {};
  let beatMs = 1000 * Number(script.dataset.beat);
  let activeLevels = JSON.parse(script.dataset.active); // of every pin, by name
  let state = "asleep";
  let stays = 0; // counts the states entered: an answer awaited in an earlier one is void
  let socket = null;
  let timer = 0; // of the present state: the next try, silence, or a load that takes too long
  let epoch = "";
  let cursors = []; // what the next socket is told: the last frame's, or the page's until there is one
  let since = ""; // the cursor with which this page began: a press after it is this page's
  let told = ""; // the last edge's cursor, while what the edge leads to may still be on its way
  let newest = 0; // the number of the newest event that this socket has told
  let lastPin; // the pin of the last edge, which may be what moves the page
  let behindEdge = false; // was an edge the last frame? Then a close right behind it is a press's
  let takingSinceMs = -Infinity; // since when presses count here; null: they don't now
  let saidTakingMs = null; // what the server knows of it
  let takingTimer = 0;
  let farewell = null; // where it leads, while one is played
  const declined = new Map(); // pin to level: by these the page was to leave, and did not want to
  let attempt = 0;
  let shownAtMs = 0;
  let idleTimer = 0;
  const unsent = []; // messages for the application, until there is a connection
  let early = []; // events of before the page's own scripts can listen

  // ------------------------------------------------------------------ small tools

  /** How long to wait before trying again: quickly at first, then spread out, at most 2 s. */
  function retryDelayMs(attempt, random) {
    const most = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
    return attempt === 0 ? most : most * (0.5 + 0.5 * random);
  }

  function pause(ms) {
    return new Promise((done) => setTimeout(done, ms));
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
    if (!early || name === "navigate") return document.dispatchEvent(event);
    early.push(event);
  }

  /** Hand what this page has acted on to the next one at ``path``, and to no other page. */
  function handOver(path, afterFarewell) {
    const known = cursors.find(Boolean);
    if (known) keep(handedKey, `${known} ${path}${afterFarewell ? " farewell" : ""}`);
  }

  function actOnTold() {
    if (!told) return;
    cursors = [told];
    told = "";
    keep(cursorKey, `${cursors[0]} ${location.pathname}`);
  }

  /** What this page has acted on before its first frame, by how the visitor came to it. */
  function takeOver() {
    const type = performance.getEntriesByType("navigation")[0]?.type;
    const [handed, handedPath, afterFarewell] = (recall(handedKey) || "").split(" ");
    const [kept, keptPath] = (recall(cursorKey) || "").split(" ");
    keep(handedKey, ""); // it was for the next page only, whichever that is
    if (type !== "reload") keep(cursorKey, "");
    // Back and forward may show the page as the HTTP cache has it, whose cursor is old.
    const own = type === "back_forward" ? "" : pageCursor;
    if (handedPath === location.pathname) {
      if (afterFarewell) takingSinceMs = performance.now() - loadingMs();
      keep(cursorKey, `${handed} ${handedPath}`);
      return [handed, own];
    }
    return [type === "reload" && keptPath === location.pathname ? kept : "", own];
  }

  /** For how long this page has been loading, or shown, if it was prerendered. */
  function loadingMs() {
    const activated = performance.getEntriesByType("navigation")[0]?.activationStart ?? 0;
    return performance.now() - activated;
  }

  function setConnected(connected) {
    const value = connected ? "online" : "offline";
    if (document.documentElement.dataset.bridge === value) return;
    document.documentElement.dataset.bridge = value;
    tell(value);
  }

  // ------------------------------------------------------------------ the connection

  /** Enter a state, and be done with all that belonged to the one before. */
  function enter(next) {
    state = next;
    stays += 1;
    clearTimeout(timer);
    if (!socket) return;
    // On a dead peer, close() alone takes a minute to report anything: forget the socket, too.
    socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function open() {
    enter("connecting");
    listenForSilence();
    const url = new URL(socketPath, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    for (const known of cursors.filter(Boolean)) url.searchParams.append("cursor", known);
    if (since) url.searchParams.set("since", since);
    for (const level of declined) url.searchParams.append("declined", level.join(":"));
    saidTakingMs = takingSinceMs;
    if (takingSinceMs !== -Infinity) url.searchParams.set("taking", takingMs() ?? "none");
    const name = recall(nameKey);
    if (name) url.searchParams.set("display", name);
    socket = new WebSocket(url);
    socket.onmessage = (message) => receive(JSON.parse(message.data));
    // wasClean is not looked at: it is false now and then for a close with a code.
    behindEdge = false;
    socket.onclose = (event) => (event.code === NAVIGATE ? led(event.reason) : lost());
  }

  /** Open a new socket where the server has closed ours to lead us elsewhere. */
  function stayConnected() {
    if (socket?.readyState > WebSocket.OPEN) open();
  }

  function lost() {
    enter("waiting");
    setConnected(false);
    timer = setTimeout(retry, retryDelayMs(attempt, Math.random()));
    attempt += 1;
  }

  /**
   * Ask by HTTP before trying a socket: after some 16 failed ones Chromium holds each further one
   * back for up to 5 s. It also tells a server that is down from one that no longer has this page.
   */
  async function retry() {
    enter("waiting");
    const stay = stays;
    // Not the first time: a kept-alive HTTP connection may have died with the socket.
    const answer = attempt > 1 ? await ask(location.href) : "page";
    const moved = answer === "moved" && (await isMovedHere());
    const removed = answer === "gone" && ["page", "moved"].includes(await ask(start));
    if (stay !== stays) return;
    if (moved || removed) {
      timer = setTimeout(lost, LOAD_MS);
      if (moved) location.reload();
      else location.replace(start);
    } else if (answer === "page" || answer === "moved") open();
    else lost();
  }

  /** Whether this page now leads to another one of this site, such as a login. */
  async function isMovedHere() {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const options = { method: "HEAD", cache: "no-store", mode: "same-origin", signal };
      return (await fetch(location.href, options)).ok; // from an error page nothing leads back
    } catch {
      return false; // it leads to another site, which is none of our business, or nowhere
    }
  }

  /**
   * Whether a server answers at ``url`` ("down"), and has a page there ("page") or not ("gone"), or
   * leads elsewhere from there ("moved").
   */
  async function ask(url) {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      // A redirect is an answer; where it leads may be none of our business.
      const options = { method: "HEAD", cache: "no-store", redirect: "manual", signal };
      const { status, type } = await fetch(url, options);
      if (type === "opaqueredirect") return "moved";
      return status >= 500 ? "down" : status === 404 || status === 410 ? "gone" : "page";
    } catch {
      return "down";
    }
  }

  function listenForSilence() {
    clearTimeout(timer);
    timer = setTimeout(lost, state === "online" ? SILENT_BEATS * beatMs : connectMs());
  }

  /** How long a handshake may take: as long as any other silence, and longer with each failure. */
  function connectMs() {
    const first = Math.max(MIN_CONNECT_MS, SILENT_BEATS * beatMs);
    const failed = Math.max(0, attempt - 1); // the first try after a loss is none
    return Math.min(MAX_CONNECT_MS, first * 2 ** failed);
  }

  function receive(frame) {
    if (frame.type === "state") {
      state = "online";
      if (epoch && epoch !== frame.epoch) relearn();
      epoch = frame.epoch;
      const ours = (known) => known?.startsWith(`${epoch}:`);
      if (!ours(since)) since = cursors.find(ours) || `${epoch}:${frame.seq}`;
    }
    listenForSilence();
    attempt = 0;
    // What an edge leads to, a close, follows it at once. A connection can end between the two:
    // only what follows the edge shows that we have acted on it, or that it led nowhere.
    if (frame.type === "state") told = "";
    actOnTold();
    // An edge with an epoch of its own is another bridge's, whose numbers mean nothing here.
    const ours = frame.type === "state" || (frame.type === "edge" && !("epoch" in frame));
    if (ours) told = `${epoch}:${frame.seq}`;
    if (frame.type === "state") actOnTold();
    // One that was held off before comes a second time, when it counts after all.
    const again = ours && frame.type === "edge" && frame.seq <= newest;
    if (ours && !again) newest = frame.seq;
    behindEdge = frame.type === "edge";
    if (frame.type === "beat") {
      socket.send('{"type":"beat"}');
    } else if (frame.type === "state") {
      setSimulated(frame.simulated);
      for (const [pin, level] of Object.entries(frame.pins)) setLevel(pin, level);
      setConnected(true);
      sayTaking();
      sendUnsent();
      tell("state", { pins, seq: frame.seq, simulated: frame.simulated });
    } else if (frame.type === "edge") {
      const { pin, event, level, seq } = frame;
      lastPin = pin;
      if (again) return;
      setLevel(pin, level);
      tell("edge", { pin, event, level, active: pins[pin].active, seq });
      if (idlePins.includes(pin)) startIdling();
    } else if (frame.type === "message") {
      tell("message", frame.data);
    }
  }

  /** A server that was started again may have another configuration than when we were loaded. */
  async function relearn() {
    try {
      const health = await (await fetch(`${prefix}/healthz`, { cache: "no-store" })).json();
      beatMs = 1000 * health.beat;
      activeLevels = Object.fromEntries(
        Object.entries(health.pins).map(([pin, { active }]) => [pin, active]),
      );
      for (const pin of Object.keys(pins)) setLevel(pin, pins[pin].level);
      if (state === "online") listenForSilence();
    } catch {
      // then what the page was loaded with has to do
    }
  }

  /** Send data to the application: now, or once this page is shown and connected. */
  function send(data) {
    const text = JSON.stringify({ type: "message", data: data ?? null });
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > MAX_MESSAGE_BYTES) {
      throw new RangeError(`a message is at most ${MAX_MESSAGE_BYTES} bytes of JSON, not ${bytes}`);
    }
    if (unsent.push(text) > MAX_UNSENT) {
      unsent.shift();
      console.warn(`gpiobridge: over ${MAX_UNSENT} messages wait for a connection; the oldest is lost`);
    }
    sendUnsent();
  }

  function sendUnsent() {
    if (state !== "online" || socket.readyState !== WebSocket.OPEN) return;
    for (const text of unsent.splice(0)) socket.send(text);
  }

  // ------------------------------------------------------------------ the page

  function setLevel(pin, level) {
    pins[pin] = { level, active: level === activeLevels[pin] };
    if (declined.get(pin) !== level) declined.delete(pin);
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

  // ------------------------------------------------------------------ whether presses count

  /** See whether presses count, and tell the server if that has changed, at ``sinceMs``. */
  function updateTaking(sinceMs = performance.now()) {
    const lockedMs = shownAtMs + lockoutMs - performance.now();
    const busy = Boolean(farewell) || filmHolds();
    clearTimeout(takingTimer);
    if (lockedMs > 0) takingTimer = setTimeout(updateTaking, lockedMs);
    else if (busy) takingTimer = setTimeout(updateTaking, FILM_CHECK_MS);
    if (lockedMs > 0 || busy) takingSinceMs = null;
    else takingSinceMs ??= sinceMs;
    sayTaking();
  }

  function takingMs() {
    if (takingSinceMs === null) return null;
    return Math.min(ALWAYS_MS, Math.round(performance.now() - takingSinceMs));
  }

  function sayTaking() {
    if (saidTakingMs === takingSinceMs || socket?.readyState !== WebSocket.OPEN) return;
    saidTakingMs = takingSinceMs;
    socket.send(JSON.stringify({ type: "taking", since_ms: takingMs() }));
  }

  /** Whether a film plays, or is about to, during which presses don't count. */
  function filmHolds() {
    // The server has seen one in the page, which we can't see yet.
    if (early) return "films" in script.dataset;
    const films = document.querySelectorAll(":is(video, audio)[data-ignore-presses]");
    return [...films].some((film) => isPlaying(film) || beginsByItself(film));
  }

  function isPlaying(film) {
    return !film.paused && !film.ended;
  }

  /** Whether a film will begin by itself; until its first pictures are there it says "paused". */
  function beginsByItself(film) {
    const { autoplay, ended, error, networkState, readyState, played } = film;
    const comes = !error && networkState !== film.NETWORK_NO_SOURCE;
    const waits = readyState < film.HAVE_ENOUGH_DATA && played.length === 0 && !ended;
    return autoplay && comes && waits && performance.now() < shownAtMs + FILM_STARTS_MS;
  }

  // ------------------------------------------------------------------ leaving

  /** The server leads to ``path``: by a press, by a level, or because the application says so. */
  function led(path) {
    const press = behindEdge;
    const levels = Object.keys(levelRules).filter(
      (pin) => levelRules[pin][pins[pin]?.level] === path,
    );
    actOnTold();
    const order = !press && !levels.length;
    if (farewell && order) farewell.url = new URL(path, location.href);
    // A press that crossed with our word that none counts now is used up.
    if (farewell || (press && takingSinceMs === null)) open();
    else leave(path, { pin: press ? lastPin : undefined, order, levels });
  }

  /**
   * Leave for ``path``, unless the page declines it; the page may play its farewell first. An order
   * of the application can't be declined.
   */
  async function leave(path, { pin, order = false, levels = [] } = {}) {
    const url = new URL(path, location.href);
    if (url.origin !== location.origin) return lost(); // never led elsewhere
    if (farewell) {
      farewell.url = url;
      return;
    }
    const farewells = [];
    const waitUntil = (promise) => farewells.push(promise);
    if (!tell("navigate", { page: path, pin, waitUntil }, !order)) {
      for (const each of levels) declined.set(each, pins[each].level);
      stayConnected(); // past what it declined
      return;
    }
    const last = { url };
    if (farewells.length) await playFarewell(farewells, last);
    if (farewells.length && farewell !== last) return; // the visitor has gone elsewhere meanwhile
    farewell = null;
    enter("leaving");
    actOnTold(); // a page that leaves by itself has seen the edge, too
    updateTaking();
    load(last.url, LOADS, farewells.length > 0);
  }

  /** Wait for the page's farewell, as a display on which presses don't count. */
  async function playFarewell(farewells, last) {
    farewell = last;
    updateTaking();
    stayConnected();
    await Promise.race([Promise.allSettled(farewells), pause(FAREWELL_MS)]);
  }

  /** Load the next page, once the server answers: a dead one would leave an error page. */
  async function load(url, tries, afterFarewell) {
    if (tries === 0) return lost();
    const stay = stays;
    let answer;
    for (let asked = 0; (answer = await ask(url)) === "down"; asked += 1) {
      if (stay !== stays) return;
      setConnected(false);
      await pause(retryDelayMs(asked, Math.random()));
    }
    if (stay !== stays) return;
    if (answer === "gone") return lost();
    handOver(url.pathname, afterFarewell);
    timer = setTimeout(load, LOAD_MS, url, tries - 1, afterFarewell);
    location.assign(url);
  }

  /** Wait for nobody: then leave by ourselves. Touch, keys and this page's pins begin it anew. */
  function startIdling() {
    clearTimeout(idleTimer);
    if (idleMs) idleTimer = setTimeout(idled, idleMs);
  }

  function idled() {
    const films = [...document.querySelectorAll("video, audio")];
    const busy = idlePins.some((pin) => pins[pin]?.active) || films.some(isPlaying);
    if (busy || document.prerendering || farewell || state === "leaving") startIdling();
    else leave(paths[script.dataset.idleTo]);
  }

  // ------------------------------------------------------------------ the page's life

  function shown() {
    const url = new URL(location.href);
    const name = url.searchParams.get("display");
    if (name) keep(nameKey, name);
    if (url.searchParams.has("token")) {
      url.searchParams.delete("token"); // a cookie has it by now: it is nothing for the screen
      history.replaceState(history.state, "", url);
    }
    shownAtMs = performance.now();
    tell("shown");
    startIdling();
    cursors = takeOver();
    updateTaking();
    open();
    for (const name of ["resume", "visibilitychange"]) document.addEventListener(name, wake);
    addEventListener("online", wake);
  }

  function sleep() {
    // A page in the back/forward cache must not keep a socket: it would be a ghost display.
    enter("asleep");
    farewell = null;
    clearTimeout(idleTimer);
    clearTimeout(takingTimer);
  }

  function wake() {
    if (document.hidden || (state !== "waiting" && state !== "asleep")) return;
    attempt = 0;
    retry();
  }

  addEventListener("pagehide", sleep);
  for (const name of ["loadstart", "play", "pause", "ended", "canplaythrough", "error", "emptied"]) {
    document.addEventListener(name, (e) => shownAtMs && updateTaking(e.timeStamp), true);
  }
  for (const use of ["pointerdown", "keydown"]) addEventListener(use, startIdling, true);
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    cursors = []; // what was pressed meanwhile was for the pages that were on the screen
    since = "";
    keep(handedKey, ""); // it was for a page that wasn't shown
    shownAtMs = performance.now();
    updateTaking();
    startIdling();
    wake();
  });
  document.addEventListener("DOMContentLoaded", () => {
    // Frames may have come before the elements.
    Object.keys(pins).forEach(show);
    setSimulated(document.documentElement.hasAttribute("data-simulated"));
    const events = early;
    early = null;
    if (shownAtMs) updateTaking();
    events.forEach((event) => document.dispatchEvent(event));
  });

  window.gpiobridge = {
    page,
    pins,
    send,
    get display() {
      return recall(nameKey) || "";
    },
    go: (name) => leave(paths[name] ?? `${prefix}/${name}`),
  };

  // A page that is only prerendered is no display yet.
  if (document.prerendering) {
    document.addEventListener("prerenderingchange", shown, { once: true });
  } else {
    shown();
  }
})();
