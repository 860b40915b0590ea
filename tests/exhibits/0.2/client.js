// gpiobridge's client: shows the pins in a page, and leaves it when the server says so.
//
// The bridge puts this into the head of every page it serves. It needs no code in the page: an
// element with data-pin="button" gets data-level ("low", "high") and data-active ("true",
// "false"); <html> gets data-bridge ("online", "offline") and, with simulated pins,
// data-simulated and a small badge; data-idle counts the seconds down before an idle page leaves.
// A page that wants more listens to events on document (gpiobridge:state, :edge, :message,
// :online, :offline, :shown, :navigate, :idle).
//
// The one connection is always in one of these states:
//
//     waiting ──server answers──▶ connecting ──first frame──▶ online
//        ▲                            │                          │
//        └──────────────────────── lost, or silent ──────────────┤
//                                          leaving ◀── close 4000, go(), or nobody there
//
// from leaving back to connecting, if the next page can't be shown,
// and, from any of them, asleep: hidden in the back/forward cache, or not shown yet.
//
// Whether presses count is no state of the connection: it is takingSinceMs, null while a lockout, a
// film, a farewell or the warning of an idle page holds them off. The server is told, closes our
// socket by no press meanwhile, and the page stays online. So a close 4000 leads
//
//     to leaving         at once, or when the farewell that it began is over;
//     to a new socket    where the page declines it (a level is then in declined, and asks again
//                        when it has changed), where a press crossed with our word that none
//                        counts, and while a farewell is played: it then leads where an order says.
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
  const AGAIN_MS = 4000; // a page that can't be left again within this time tries with pauses
  const RECOVER_MS = 5000; // so often a page that came as an error looks whether it is well
  const BY_A_PROXY = [502, 503, 504]; // may be said for a server that is down
  const FRESH = "gpiobridge"; // in a query: past what the browser has fetched ahead
  const FOCUS_MS = 60_000; // the focus in a frame of another site is use for so long
  const SAME_HAND_MS = 500; // a click so soon after the mouse was moved is one "I am here"
  const FAREWELL_MS = 10_000; // how long a page may keep the next one waiting (waitUntil)
  const MAX_MESSAGE_BYTES = 16 * 1024; // the server closes the socket of a larger one
  const MAX_UNSENT = 100; // messages that wait for a connection
  const HANDSHAKE_MS = 100; // a socket that took longer to open has said an old time in its address
  const FILM_STARTS_MS = 10_000; // how long a film may take to begin by itself
  const FILM_CHECK_MS = 500; // how often to look: one that is taken out of the page says nothing
  const ALWAYS_MS = 1e9; // longer than any press is remembered
  const CURSOR_MS = 3000; // a mouse that rests for so long has no cursor on a display with a name

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
  const warnMs = 1000 * Number(script.dataset.idleWarn || 0);
  const ahead = script.dataset.version; // of what this page has the browser fetch ahead
  const levelRules = JSON.parse(script.dataset.levels || "{}"); // pin, level: where that leads
  // What this tab keeps: what it hands to the page that it leads to, what this page has acted on if
  // it is reloaded, and what the display is called.
  const handedKey = `gpiobridge${prefix}:handed`;
  const cursorKey = `gpiobridge${prefix}:cursor`;
  const nameKey = `gpiobridge${prefix}:display`;
  const seatKey = `gpiobridge${prefix}:seat`;

  const pins = {};
  let beatMs = 1000 * Number(script.dataset.beat);
  let activeLevels = JSON.parse(script.dataset.active); // of every pin, by name
  let state = "asleep";
  let stays = 0; // counts the states entered: an answer awaited in an earlier one is void
  let socket = null;
  let timer = 0; // of the present state: the next try, silence, or a load that takes too long
  let epoch = "";
  let cursors = []; // what the next socket is told: the last frame's, or the page's until there is one
  let unheard = null; // the cursors since which the server may not know that presses count, or null
  let since = ""; // the cursor with which this page began: a press after it is this page's
  let ownCursor = ""; // what counts as acted on when this page is reloaded
  let told = ""; // the last edge's cursor, while what the edge leads to may still be on its way
  let seat = ""; // brings this tab's next socket in, also when all displays are taken
  let newest = 0; // the number of the newest event that this socket has told
  let lastEdge = null; // if an edge was the last frame: a close right behind it is that press's
  let takingSinceMs = -Infinity; // since when presses count here; null: they don't now
  let saidTakingMs = null; // what the server knows of it
  let openedAtMs = 0; // when it was said in the socket's address
  let saidVisible = true; // what the server knows of whether this page is visible
  let takingTimer = 0;
  let farewell = null; // where it leads, while one is played
  const declined = new Map(); // pin to level: by these the page was to leave, and did not want to
  let attempt = 0;
  let shownAtMs = 0;
  let refusals = 0; // in a row: how often this page could not be left, and when the last time
  let refusedAtMs = -Infinity;
  let moving = false; // a navigation of ours is under way
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

  function setConnected(connected) {
    const value = connected ? "online" : "offline";
    if (document.documentElement.dataset.bridge === value) return;
    document.documentElement.dataset.bridge = value;
    tell(value);
  }

  // ------------------------------------------------------------------ what was acted on

  /** Hand what this page has acted on to the next one at ``path``, and to no other page. */
  function handOver(path, afterFarewell) {
    const known = cursors.find(Boolean);
    if (known) keep(handedKey, `${known} ${path}${afterFarewell ? " farewell" : ""}`);
    keep(seatKey, seat);
  }

  /** Count the last edge as acted on: what has followed it shows where it led, or that nowhere. */
  function actOnTold() {
    if (!told) return;
    cursors = [told];
    told = "";
    keepCursor();
  }

  /** See to it that what this page has acted on doesn't count again when it is reloaded. */
  function keepCursor() {
    ownCursor = (unheard ?? cursors)[0];
    keepOwn();
  }

  /** Keep for a reload what this page has acted on, and since when presses have counted on it. */
  function keepOwn() {
    let counts = "";
    if (takingSinceMs === null) counts = " none";
    else if (takingSinceMs > -Infinity) counts = ` ${performance.timeOrigin + takingSinceMs}`;
    if (ownCursor) keep(cursorKey, `${ownCursor} ${location.pathname}${counts}`);
  }

  /** What this page has acted on before its first frame, by how the visitor came to it. */
  function takeOver() {
    const type = performance.getEntriesByType("navigation")[0]?.type;
    const handed = recall(handedKey) || "";
    const kept = type === "reload" ? recall(cursorKey) || "" : "";
    const here = [handed, kept].find((each) => each.split(" ")[1] === location.pathname) || "";
    const [cursor, , counts] = here.split(" ");
    ownCursor = cursor;
    keep(handedKey, ""); // it was for the next page only, whichever that is
    keep(cursorKey, here); // a page that is reloaded before its first frame is the same still
    // No press counts that began while none did: counts is since when they have, in ms since 1970,
    // or the word that they didn't, such as farewell. The wall clock may have been set meanwhile.
    const sinceMs = Number(counts) - performance.timeOrigin;
    if (sinceMs <= performance.now()) takingSinceMs = sinceMs;
    else if (counts) takingSinceMs = performance.now() - loadingMs();
    // Back and forward may show the page as the HTTP cache has it, whose cursor is old.
    return [cursor, type === "back_forward" ? "" : pageCursor];
  }

  /** For how long this page has been loading, or shown, if it was prerendered. */
  function loadingMs() {
    const activated = performance.getEntriesByType("navigation")[0]?.activationStart ?? 0;
    return performance.now() - activated;
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
    openedAtMs = performance.now();
    saidTakingMs = takingNow();
    unheard = saidTakingMs === null && takingSinceMs !== null ? cursors : null;
    if (saidTakingMs !== -Infinity) url.searchParams.set("taking", takingMs() ?? "none");
    saidVisible = isVisible();
    if (!saidVisible) url.searchParams.set("visible", "false");
    const name = recall(nameKey);
    if (name) url.searchParams.set("display", name);
    seat ||= recall(seatKey) || "";
    keep(seatKey, ""); // one page has it
    if (seat) url.searchParams.set("seat", seat);
    socket = new WebSocket(url);
    lastEdge = null;
    socket.onmessage = (message) => receive(JSON.parse(message.data));
    // wasClean is not looked at: it is false now and then for a close with a code.
    socket.onclose = (event) => (event.code === NAVIGATE ? led(event.reason) : lost());
  }

  /** Go on with this page, past what was to lead away from it. */
  function goOn() {
    if (cursors[0]) keepCursor();
    stayConnected();
  }

  /** Open a new socket where the server has closed ours to lead us elsewhere. */
  function stayConnected() {
    if (socket?.readyState > WebSocket.OPEN) open();
  }

  function lost() {
    // The press of an edge may count that led nowhere while the server took presses for held off.
    if (unheard) cursors = unheard;
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
    const { found, moved, status } = attempt > 1 ? await ask(location.href) : { found: "page" };
    const removed = status === 404 || status === 410;
    const leads = moved ? found === "page" : removed && (await ask(start)).found === "page";
    if (stay !== stays) return;
    if (leads) {
      timer = setTimeout(lost, LOAD_MS);
      moveUnasked();
      if (moved) location.reload();
      else location.replace(start);
    } else if (found === "nobody") lost();
    else open();
  }

  function head(url, redirect) {
    const signal = AbortSignal.timeout(ANSWER_MS);
    return fetch(url, { method: "HEAD", cache: "no-store", mode: "same-origin", redirect, signal });
  }

  /**
   * What there is at ``url``: a "page", "nobody" (no server answers), an "error", or it leads
   * "elsewhere", to another site. From an error page nothing would lead back.
   *
   * @returns {{found: string, moved: boolean, status: number, version: string}} moved: it leads
   *     to another address of this site; version: of what can be fetched ahead there.
   */
  async function ask(url) {
    try {
      let answer = await head(url, "manual");
      const moved = answer.type === "opaqueredirect";
      if (moved) answer = await head(url, "follow").catch(() => null);
      // Nothing tells a redirect to another site from a server that has died just now, but this.
      if (!answer) return { found: (await head(url, "manual")) && "elsewhere", moved };
      const { ok, status, headers } = answer;
      if (ok) return { found: "page", moved, status, version: headers.get("Gpiobridge-Version") };
      if (BY_A_PROXY.includes(status) && !(await isUp())) return { found: "nobody" };
      return { found: "error", moved, status };
    } catch {
      return { found: "nobody" };
    }
  }

  /** Whether the bridge itself answers, whatever a page of it does. */
  async function isUp() {
    const { status } = await head(start, "manual");
    return status < 500;
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
      seat = frame.seat ?? ""; // of the newest socket: it can be used once
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
    const held = takingNow() === null; // the edge may end what holds it off
    lastEdge = frame.type === "edge" ? { pin: frame.pin, held } : null;
    if (frame.type === "beat") {
      socket.send('{"type":"beat"}');
    } else if (frame.type === "state") {
      setSimulated(frame.simulated);
      for (const [pin, level] of Object.entries(frame.pins)) setLevel(pin, level);
      setConnected(true);
      // The browser may have held the socket back: a time in its address is old by that much.
      const late = performance.now() - openedAtMs > HANDSHAKE_MS;
      if (late && Number.isFinite(saidTakingMs)) saidTakingMs = NaN; // so that it is said anew
      sayTaking();
      sayVisible();
      sendUnsent();
      tell("state", { pins, seq: frame.seq, simulated: frame.simulated });
    } else if (frame.type === "edge") {
      const { pin, event, level, seq } = frame;
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
    const all = document.querySelectorAll(`[data-pin="${CSS.escape(pin)}"]`);
    for (const element of all) showOn(element);
  }

  function showOn(element) {
    const pin = pins[element.dataset.pin];
    if (pin) {
      element.dataset.level = pin.level;
      element.dataset.active = String(pin.active);
    } else {
      delete element.dataset.level;
      delete element.dataset.active;
    }
  }

  /** Show the levels on elements that came into the page, or whose data-pin has changed. */
  function showOnChanged(records) {
    if (Object.keys(pins).length === 0) return; // all are shown with the first frame
    for (const { type, target, addedNodes } of records) {
      for (const node of type === "attributes" ? [target] : addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.matches("[data-pin], [data-level]")) showOn(node);
        node.querySelectorAll("[data-pin]").forEach(showOn);
      }
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
      // Set one by one: a style attribute would be against a strict policy. At the bottom, as
      // headlines are at the top, and with the size of the screen.
      Object.assign(badge.style, {
        position: "fixed", bottom: ".4em", right: ".4em", zIndex: "2147483647", margin: "0",
        padding: ".25em .8em", borderRadius: "999px", pointerEvents: "none",
        font: "600 clamp(10px, 1.5vmin, 48px)/1.4 system-ui, sans-serif",
        color: "#422006", background: "#fde68a", opacity: "0.9",
      });
      // Not into the body, whose content scripts may replace.
      document.documentElement.append(badge);
    }
  }

  // ------------------------------------------------------------------ whether presses count

  /** See whether presses count, and tell the server if that has changed, at ``sinceMs``. */
  function updateTaking(sinceMs = performance.now()) {
    const lockedMs = shownAtMs + lockoutMs - performance.now();
    const busy = farewell || countdown || filmHolds();
    clearTimeout(takingTimer);
    if (lockedMs > 0) takingTimer = setTimeout(updateTaking, lockedMs);
    else if (busy) takingTimer = setTimeout(updateTaking, FILM_CHECK_MS);
    const before = takingSinceMs;
    if (lockedMs > 0 || busy) takingSinceMs = unheard = null;
    else takingSinceMs ??= sinceMs;
    if (before === null && takingSinceMs !== null && saidTakingMs === null) unheard = cursors;
    if (before !== takingSinceMs) keepOwn();
    sayTaking();
  }

  /** Since when presses count; null, too, while it can't be seen yet whether a film plays. */
  function takingNow() {
    // The server has seen one in the page. What was pressed meanwhile counts if it doesn't play.
    return early && "films" in script.dataset ? null : takingSinceMs;
  }

  function takingMs() {
    const sinceMs = takingNow();
    if (sinceMs === null) return null;
    return Math.min(ALWAYS_MS, Math.round(performance.now() - sinceMs));
  }

  function sayTaking() {
    if (saidTakingMs === takingNow() || socket?.readyState !== WebSocket.OPEN) return;
    saidTakingMs = takingNow();
    socket.send(JSON.stringify({ type: "taking", since_ms: takingMs() }));
  }

  /** Whether a film plays, or is about to, during which presses don't count. */
  function filmHolds() {
    const films = document.querySelectorAll(":is(video, audio)[data-ignore-presses]");
    return [...films].some((film) => isPlaying(film) || beginsByItself(film));
  }

  // One that breaks off with an error is neither paused nor ended.
  function isPlaying(film) {
    return !film.paused && !film.ended && !film.error;
  }

  /** Whether a film will begin by itself; until its first pictures are there it says "paused". */
  function beginsByItself(film) {
    const { autoplay, ended, error, networkState, readyState, played } = film;
    const comes = !error && networkState !== film.NETWORK_NO_SOURCE;
    const waits = readyState < film.HAVE_ENOUGH_DATA && played.length === 0 && !ended;
    return autoplay && comes && waits && performance.now() < shownAtMs + FILM_STARTS_MS;
  }

  // ------------------------------------------------------------------ whether it is visible

  /** Whether this page can be seen: not behind another tab, nor in a window that is put away. */
  function isVisible() {
    return document.visibilityState !== "hidden";
  }

  function sayVisible() {
    if (saidVisible === isVisible() || socket?.readyState !== WebSocket.OPEN) return;
    saidVisible = isVisible();
    socket.send(JSON.stringify({ type: "visible", visible: saidVisible }));
  }

  // ------------------------------------------------------------------ leaving

  /** The server leads to ``path``: by a press, by a level, or because the application says so. */
  function led(path) {
    const press = lastEdge;
    const levels = Object.keys(levelRules).filter(
      (pin) => levelRules[pin][pins[pin]?.level] === path,
    );
    // Not kept yet: a reload that is under way must not lose the press that this page leaves by.
    if (told) [cursors, told] = [[told], ""];
    unheard = null; // the server has closed for the first that counts
    // While presses don't count, levels don't either: then it can only be an order.
    const order = !press && (takingSinceMs === null || !levels.length);
    if (farewell && order) farewell.url = new URL(path, location.href);
    // A press that crossed with our word that none counts now is used up.
    const usedUp = press && (press.held || takingNow() === null);
    if (farewell || usedUp) goOn();
    else leave(path, { pin: press?.pin, order, levels });
  }

  /**
   * Leave for ``path``, unless the page declines it; the page may play its farewell first. An order
   * of the application can't be declined. ``frame`` is the last word to the server.
   */
  async function leave(path, { pin, order = false, levels = [], frame } = {}) {
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
      goOn();
      return;
    }
    const last = { url };
    if (farewells.length) await playFarewell(farewells, last);
    if (farewells.length && farewell !== last) return; // the visitor has gone elsewhere meanwhile
    farewell = null;
    if (frame && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
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
    for (let asked = 0; (answer = await ask(url)).found === "nobody"; asked += 1) {
      if (stay !== stays) return;
      setConnected(false);
      await pause(retryDelayMs(asked, Math.random()));
    }
    if (stay !== stays) return;
    if (answer.found !== "page") return stayHere(url, answer);
    handOver(url.pathname, afterFarewell);
    timer = setTimeout(load, LOAD_MS, url, tries - 1, afterFarewell);
    moveTo(url, answer.version); // at once: until the page is fetched, the server can still die
  }

  /** Go on with this page, and past what led away from it: there is nothing to lead to. */
  function stayHere(url, { found, status }) {
    const why = found === "elsewhere" ? "leads to another site" : `answers ${status}`;
    console.warn(`gpiobridge: ${url.pathname} ${why}, so this page stays`);
    tell("stayed", { page: url.pathname }); // a farewell that hid the page can be taken back
    const nowMs = performance.now();
    refusals = nowMs - refusedAtMs < AGAIN_MS ? refusals + 1 : 0;
    refusedAtMs = nowMs;
    if (!refusals) return open();
    // A level leads away again and again: it finds the page once that can be shown.
    enter("waiting");
    timer = setTimeout(open, retryDelayMs(refusals, Math.random()));
  }

  /** Navigate; past what was fetched ahead, if ``version`` says that it is another page by now. */
  function moveTo(url, version) {
    moveUnasked();
    const there = new URL(url);
    if (version && ahead && version !== ahead) {
      // Nothing can take a prefetched page back on plain http, but it is found by its address.
      there.search += `${there.search ? "&" : "?"}${FRESH}=${version}`;
    }
    if (there.href === location.href) location.reload(); // else a # would keep the document
    else location.assign(there);
  }

  /** Let the navigation that follows pass: nobody is there to be asked whether to leave. */
  function moveUnasked() {
    moving = true;
    setTimeout(() => { moving = false; }, LOAD_MS);
    listenInFrames();
  }

  /** Take our own mark out of the address: it is nothing for the screen or for scripts. */
  function tidyAddress() {
    const url = new URL(location.href);
    const search = url.search.replace(new RegExp(`[?&]${FRESH}=[\\w-]*$`), "");
    if (search === url.search) return;
    url.search = search;
    history.replaceState(history.state, "", url);
  }

  /** A handler may save what it has before a navigation of ours, but not hold it up. */
  function passUnasked(event) {
    if (!moving) return;
    event.preventDefault = () => {};
    Object.defineProperty(event, "returnValue", { value: "", writable: true });
    const view = event.currentTarget;
    const handler = view.onbeforeunload; // what it returns would ask
    if (!handler) return;
    view.onbeforeunload = null;
    setTimeout(() => { view.onbeforeunload ??= handler; });
    handler.call(view, event);
  }

  /** A page that came as an error, such as its template's, is loaded again once it is well. */
  async function recover() {
    const [arrival] = performance.getEntriesByType("navigation");
    if (!(arrival?.responseStatus >= 500)) return;
    do await pause(RECOVER_MS);
    while (state === "leaving" || (await ask(location.href)).found !== "page");
    moveUnasked();
    location.reload();
  }

  // ------------------------------------------------------------------ another page's content

  const ownPath = location.pathname;

  /**
   * Turbo, htmx and their like put the content of another page into this document, and its address
   * into the bar. Ours are the rules of the page that was left: load the other one really.
   */
  function noticeSwap() {
    const here = location.pathname;
    const isOther = ([name, path]) =>
      name !== page && new URL(path, location.href).pathname === here;
    if (here === ownPath || state === "leaving" || !Object.entries(paths).some(isOther)) return;
    farewell = null; // of a page that is no longer there
    enter("leaving");
    load(new URL(location.href), LOADS);
  }

  function watchAddress() {
    if (window.navigation) {
      navigation.addEventListener("currententrychange", noticeSwap);
      return;
    }
    for (const name of ["pushState", "replaceState"]) {
      const change = history[name];
      history[name] = function (...state) {
        change.apply(this, state);
        noticeSwap();
      };
    }
    addEventListener("popstate", noticeSwap);
  }

  // ------------------------------------------------------------------ nobody there

  // Use is what a hand does: a page's own scrolling, and scripts, are none.
  const USES = [
    "pointerdown", "pointerup", "pointermove", "wheel", "touchstart", "touchmove", "keydown",
  ];
  // All that one touch or key may bring.
  const GESTURE = [
    "pointerdown", "mousedown", "touchstart", "pointerup", "mouseup", "touchend",
    "click", "auxclick", "contextmenu", "keydown", "keypress", "keyup",
  ];
  const LAST_OF_GESTURE = ["click", "auxclick", "contextmenu", "keyup"];

  const filmsSinceMs = new Map(); // by source: since when it holds the page that nobody uses
  let idleTimer = 0;
  let usedAtMs = 0;
  let pointerAt = "";
  let focused = null; // the frame of another site that has the focus, and since when
  let focusedAtMs = 0;
  let countdown = 0; // the seconds that the warning shows; 0 while there is none
  let endedWarning = null; // the touch, key or move by which somebody has ended it
  let swallowing = false; // whether more of that gesture may come, which is nothing to the page

  /** Wait for nobody: then leave by ourselves. Any use, and this page's pins, begin it anew. */
  function startIdling() {
    if (!idleMs) return;
    usedAtMs = performance.now();
    filmsSinceMs.clear();
    warn(0);
    clearTimeout(idleTimer);
    idleTimer = setTimeout(lookForUse, 1000);
  }

  function lookForUse() {
    listenInFrames();
    const nowMs = performance.now();
    if (inUse(nowMs)) usedAtMs = nowMs;
    const leftMs = usedAtMs + idleMs - nowMs;
    if (leftMs > 0) {
      warn(leftMs <= warnMs ? Math.ceil(leftMs / 1000) : 0);
      idleTimer = setTimeout(lookForUse, leftMs % 1000 || 1000);
    } else {
      usedAtMs = nowMs; // should the page stay after all
      idleTimer = setTimeout(lookForUse, 1000);
      const to = script.dataset.idleTo;
      leave(paths[to], { frame: { type: "idle", to } });
    }
  }

  function inUse(nowMs) {
    return (
      farewell ||
      state === "leaving" ||
      idlePins.some((pin) => pins[pin]?.active) ||
      [...views()].some(({ document: { body } }) =>
        [...(body?.querySelectorAll("video, audio") ?? [])].some((film) => holds(film, nowMs)),
      ) ||
      isInForeignFrame(nowMs)
    );
  }

  /** Whether a film plays that will end; one that begins again and again holds the page once. */
  function holds(film, nowMs) {
    const { paused, ended, loop, srcObject, duration, playbackRate, currentSrc } = film;
    const willEnd = !loop && !srcObject && Number.isFinite(duration) && playbackRate;
    if (paused || ended || !willEnd) return false;
    if (!filmsSinceMs.has(currentSrc)) filmsSinceMs.set(currentSrc, nowMs);
    return nowMs - filmsSinceMs.get(currentSrc) <= (1000 * duration) / Math.abs(playbackRate);
  }

  /** Whether someone may use a frame of another site, of which we see nothing but the focus. */
  function isInForeignFrame(nowMs) {
    let element = document.hasFocus() ? document.activeElement : null;
    while (element?.contentDocument) element = element.contentDocument.activeElement;
    const frame = element?.contentWindow ? element : null;
    if (frame !== focused) {
      focused = frame;
      focusedAtMs = nowMs;
    }
    return frame !== null && nowMs - focusedAtMs < FOCUS_MS;
  }

  /** This window, and those of its frames that are of this site. */
  function* views(view = window) {
    yield view;
    for (let i = 0; i < view.length; i += 1) {
      let ours = false;
      try {
        ours = Boolean(view[i].document);
      } catch {
        // it is of another site
      }
      if (ours) yield* views(view[i]);
    }
  }

  /** Hear of use, and of what would hold a navigation up, in frames, too; heard twice is once. */
  function listenInFrames() {
    for (const view of views()) {
      view.addEventListener("beforeunload", passUnasked, true);
      if (!idleMs) continue;
      for (const use of USES) view.addEventListener(use, used, { capture: true, passive: true });
    }
  }

  function used(event) {
    const { type, screenX, screenY, movementX, movementY } = event;
    if (type === "pointermove") {
      // Browsers send one under a resting mouse, too, when what is below it moves.
      const at = `${screenX} ${screenY}`;
      if (at === pointerAt && !movementX && !movementY) return;
      pointerAt = at;
    }
    if (countdown) endedWarning = event;
    startIdling();
  }

  /** Say how many seconds are left; 0: someone is there. */
  function warn(seconds) {
    if (seconds === countdown) return;
    const begins = !countdown;
    if (begins) endedWarning = null;
    countdown = seconds;
    if (seconds) document.documentElement.dataset.idle = seconds;
    else delete document.documentElement.dataset.idle;
    if (seconds) swallowNext(); // each time, as there may be new frames
    if (begins || !seconds) updateTaking();
    tell("idle", { seconds: seconds || null });
  }

  /** A touch or key that ends the warning says "I am here", and nothing to what lies below it. */
  function swallowNext() {
    for (const view of views()) {
      for (const type of GESTURE) {
        view.addEventListener(type, swallow, { capture: true, passive: false });
      }
    }
  }

  function swallow(event) {
    const begins = event.type === "pointerdown" || (event.type === "keydown" && !event.repeat);
    if (begins && !saysHere(event)) return swallowNoMore(); // it is the next one
    if (begins) swallowing = true;
    if (!swallowing) return; // the end of one that began before the warning
    event.preventDefault();
    event.stopImmediatePropagation();
    if (LAST_OF_GESTURE.includes(event.type)) swallowNoMore();
  }

  /** Whether this is what ended the warning, or the click of the mouse whose move has done so. */
  function saysHere(event) {
    if (event === endedWarning) return true;
    const moved = !swallowing && endedWarning?.type === "pointermove";
    return moved && event.timeStamp - endedWarning.timeStamp < SAME_HAND_MS;
  }

  function swallowNoMore() {
    swallowing = false;
    for (const view of views()) {
      for (const type of GESTURE) view.removeEventListener(type, swallow, true);
    }
  }

  // ------------------------------------------------------------------ the mouse's cursor

  let cursorless = null; // the style by which there is none
  let cursorTimer = 0;

  /**
   * Let only a mouse that is moved have a cursor, on a display with a name, such as a kiosk's: a
   * touchscreen may be a mouse to the browser, too, and on an exhibit nobody looks for one.
   */
  function startHidingCursor() {
    if (!recall(nameKey) || !document.adoptedStyleSheets) return;
    cursorless = new CSSStyleSheet(); // which a strict policy lets pass
    cursorless.replaceSync("html, html * { cursor: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, cursorless];
    for (const type of ["pointermove", "pointerdown"]) {
      addEventListener(type, showCursor, { capture: true, passive: true });
    }
  }

  function showCursor({ type, pointerType, movementX, movementY }) {
    const rests = type === "pointermove" && !movementX && !movementY; // what is below it moves
    if (pointerType === "mouse" && rests) return;
    clearTimeout(cursorTimer);
    cursorless.disabled = pointerType === "mouse";
    if (cursorless.disabled) cursorTimer = setTimeout(hideCursor, CURSOR_MS);
  }

  function hideCursor() {
    cursorless.disabled = false;
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
    startHidingCursor();
    shownAtMs = performance.now();
    tell("shown");
    startIdling();
    recover();
    cursors = takeOver();
    updateTaking();
    if (state === "asleep") open(); // else the page leaves already, by its word on being shown
    for (const name of ["resume", "visibilitychange"]) document.addEventListener(name, wake);
    document.addEventListener("visibilitychange", sayVisible);
    addEventListener("online", wake);
  }

  /** Act now, or once the page is shown: one that is only prerendered is no display yet. */
  function onceShown(act) {
    if (document.prerendering) document.addEventListener("prerenderingchange", act, { once: true });
    else act();
  }

  function sleep() {
    // A page in the back/forward cache must not keep a socket: it would be a ghost display.
    enter("asleep");
    if (seat) keep(seatKey, seat); // for the page that comes next in this tab, whichever it is
    seat = "";
    farewell = null;
    clearTimeout(idleTimer);
    clearTimeout(takingTimer);
  }

  function wake() {
    if (document.hidden || (state !== "waiting" && state !== "asleep")) return;
    attempt = 0;
    retry();
  }

  tidyAddress();
  watchAddress();
  listenInFrames();
  document.addEventListener("load", listenInFrames, true); // of a frame
  new MutationObserver(showOnChanged).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-pin"],
  });
  addEventListener("pagehide", sleep);
  for (const name of ["loadstart", "play", "pause", "ended", "canplaythrough", "error", "emptied"]) {
    document.addEventListener(name, (e) => shownAtMs && updateTaking(e.timeStamp), true);
  }
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
    go: (name) => onceShown(() => leave(paths[name] ?? `${prefix}/${name}`)),
  };

  onceShown(shown);
})();
