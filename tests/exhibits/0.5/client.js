// gpiobridge's client: shows the pins in a page, and leaves the page when the server says so.
//
// The bridge puts this script into the head of every page it serves. The page needs no code of its
// own. An element with data-pin="button" gets data-level ("low", "high") and data-active ("true",
// "false"), data-dwelling while its press doesn't count yet, and data-interrupted while that press is
// interrupted. <html> gets data-bridge ("online", "offline"). With simulated pins it also gets
// data-simulated, and the page shows a small badge. data-idle counts down the seconds before an idle
// page leaves. A page that wants more listens to events on document (gpiobridge:state, :edge,
// :ignored, :message, :online, :offline, :shown, :navigate, :idle).
//
// There is one connection. It is always in one of these states:
//
//     waiting ──server answers──▶ connecting ──first frame──▶ online
//        ▲                            │                          │
//        └──────────────────────── lost, or silent ──────────────┤
//                                          leaving ◀── close 4000, go(), or nobody there
//
// If the next page can't be shown, leaving goes back to connecting.
// Any state can go to asleep: the page is in the back/forward cache, or not shown yet.
//
// Whether presses count is not a state of the connection. It is takingSinceMs, which is null while
// a lockout, a film, a farewell or the warning of an idle page holds presses off. The server knows
// this: meanwhile no press closes our socket, and the page stays online. So a close 4000 leads
//
//     to leaving         at once, or when the farewell that it began is over;
//     to a new socket    if the page declines it (a level then goes into declined, and asks again
//                        when it has changed); if a press crossed with our message that none
//                        counts; or during a farewell (an order changes where that leads).
(() => {
  "use strict";

  const NAVIGATE = 4000; // the only close code that moves a page; its reason is the path
  const MIN_CONNECT_MS = 2000; // for a handshake on a slow Pi
  const MAX_CONNECT_MS = 6000; // Chromium may delay a new socket by 5 s
  const SILENT_BEATS = 2.5; // after so many beats without a frame, the socket is given up
  const FIRST_RETRY_MS = 100;
  const MAX_RETRY_MS = 2000;
  const ANSWER_MS = 5000; // a server that needs longer counts as down for now
  const LOAD_MS = 10_000; // a navigation that hasn't replaced this page by then has failed
  const LOADS = 2; // how often a navigation is tried: the server may have died in between
  const LOADS_ON_STAGE = 5; // there a connection that dies shows nothing, and can be tried again
  const AGAIN_MS = 4000; // if a page can't be left twice within this time, it tries with pauses
  const RECOVER_MS = 5000; // how often a page that came as an error checks if it is well again
  const BY_A_PROXY = [502, 503, 504]; // a proxy may answer these if the server is down
  const FRESH = "gpiobridge"; // in a query: skips what the browser has fetched ahead
  const FOCUS_MS = 60_000; // how long the focus in another site's frame counts as use
  const SAME_HAND_MS = 500; // a click so soon after a mouse move belongs to the same "I am here"
  const FAREWELL_MS = 10_000; // how long a page may keep the next one waiting (waitUntil)
  const MAX_MESSAGE_BYTES = 16 * 1024; // for a larger message the server closes the socket
  const MAX_UNSENT = 100; // how many messages may wait for a connection
  const HANDSHAKE_MS = 100; // if a socket takes longer to open, the time in its URL is outdated
  const FILM_STARTS_MS = 10_000; // how long a film may take to begin by itself
  const FILM_CHECK_MS = 500; // how often to check: a film removed from the page fires no event
  const ALWAYS_MS = 1e9; // longer than any press is remembered
  const NO_FRAME_MS = 500; // after so long without a frame, nobody can see the page
  const AHEAD_MS = 200; // after the first frame, until the browser may load the next pages
  const PAINT_MS = 1000; // how long the browser may take to say when it has painted
  const MAX_SHOWN_MS = 60_000; // no page takes longer to be shown: then a clock was set meanwhile
  const MAX_LED_BACK = 2; // how often in a row a page leads back to the stage
  const LED_BACK_MS = 15_000; // it is in a row if no more time has passed
  const CURSOR_MS = 3000; // on a named display, the cursor of a mouse hides after this time

  const script = document.currentScript;
  if (!script || window.gpiobridge) return; // inserted twice
  const { page, socket: socketPath, cursor: pageCursor } = script.dataset;
  const prefix = socketPath.slice(0, -`/ws/${page}`.length);
  const paths = JSON.parse(script.dataset.paths); // of every page, by name
  // These rules run here, so they are exact and work without a server.
  const lockoutMs = 1000 * Number(script.dataset.lockout || 0);
  const idleMs = 1000 * Number(script.dataset.idle || 0);
  const idlePins = (script.dataset.idlePins || "").split(" ");
  const idleOwn = (script.dataset.idleOwn || "").split(" "); // whatever pins this display obeys
  const warnMs = 1000 * Number(script.dataset.idleWarn || 0);
  const ahead = script.dataset.version; // version of the pages that the browser fetches ahead
  const sounds = JSON.parse(script.dataset.sounds || "null"); // of the exhibit, page and rules
  const levelRules = JSON.parse(script.dataset.levels || "{}"); // pin, level: where that leads
  // The keys of what this tab keeps: what it hands to the next page; what this page has acted on,
  // for a reload; the display's name; its seat; and the press for which the next page is loaded.
  const handedKey = `gpiobridge${prefix}:handed`;
  const cursorKey = `gpiobridge${prefix}:cursor`;
  const nameKey = `gpiobridge${prefix}:display`;
  const seatKey = `gpiobridge${prefix}:seat`;
  const pressKey = `gpiobridge${prefix}:press`;
  const stageKey = `gpiobridge${prefix}:stage`;
  const ledBackKey = `gpiobridge${prefix}:led-back`;

  const pins = {};
  const dwelling = new Map(); // pins whose press doesn't count yet, each with the frame that says so
  let beatMs = 1000 * Number(script.dataset.beat);
  let activeLevels = JSON.parse(script.dataset.active); // of every pin, by name
  let obeyed = null; // the pins that this display obeys; null: all
  let state = "asleep";
  let stays = 0; // counts the states entered: an answer awaited in an earlier one is void
  let socket = null;
  let timer = 0; // of the current state: the next try, silence, or a load that takes too long
  let epoch = "";
  let cursors = []; // what the next socket sends: the last frame's cursor, or at first the page's
  let unheard = null; // the cursors since which the server may not know that presses count, or null
  let since = ""; // the cursor with which this page began: a press after it belongs to this page
  let ownCursor = ""; // what counts as acted on when this page is reloaded
  let told = ""; // the last edge's cursor, while what the edge leads to may still be on its way
  let seat = ""; // admits this tab's next socket, even when all displays are taken
  let newest = 0; // the number of the newest event that this socket received
  let lastEdge = null; // set while the last frame was an edge: a close right after it is that press
  let takingSinceMs = -Infinity; // since when presses count here; null: they don't count now
  let saidTakingMs = null; // the value of it that the server knows
  let openedAtMs = 0; // when that value was put into the socket's URL
  let saidVisible = true; // whether this page is visible, as far as the server knows
  let takingTimer = 0;
  let lockedUntilMs = 0; // when the lockout ends, while its end has not been noticed
  let farewell = null; // where the farewell leads, while one is played
  const declined = new Map(); // pin to level: the levels by which this page declined to leave
  let attempt = 0;
  // On a stage (stage/stage.js), this page is in a frame, and asleep until the stage shows it.
  const place = joinStage();
  let player = null; // the promise of what plays sounds, if this page is shown alone
  const loads = place ? LOADS_ON_STAGE : LOADS;
  const prerendered = document.prerendering;
  let shownAtMs = 0;
  let waitsForFrame = false; // the page is shown, and goes online after its first frame
  let ledBy = null; // the press for which this page was loaded: its cursor, and when it came
  let paintedAtMs = null; // when this page was first painted; null: not yet
  let saidShown = false; // whether it was said on this socket
  let refusals = 0; // how often in a row this page could not be left, and when the last time
  let refusedAtMs = -Infinity;
  let moving = false; // one of our navigations is under way
  let followed = -1; // the stay in which a link of this page is followed
  const unsent = []; // messages for the application that wait for a connection
  let early = []; // events from before the page's own scripts can listen

  // ------------------------------------------------------------------ small tools

  /** How long to wait before the next try: short at first, then spread out, at most 2 s. */
  function retryDelayMs(attempt, random) {
    const most = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
    return attempt === 0 ? most : most * (0.5 + 0.5 * random);
  }

  function pause(ms) {
    return new Promise((done) => setTimeout(done, ms));
  }

  /** A time of this page in ms since 1970: each page has its own zero, and a stage has one clock. */
  function wallMs(atMs) {
    return (place?.nowMs() ?? performance.timeOrigin + performance.now()) + atMs - performance.now();
  }

  // Storage can be forbidden (a sandboxed frame, a strict privacy setting). Then the page's own
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

  // ------------------------------------------------------------------ the stage

  /** Join the stage that holds this frame, before any script of this page runs; null: there is none. */
  function joinStage() {
    try {
      const client = { sleep, reload, levels, takeLevels, go, isLeaving, moveUnasked };
      return window.parent.gpiobridgeStage?.join(window, page, client);
    } catch {
      return null; // another site's frame
    }
  }

  /** Go back to the stage if a script of a page has replaced it in this tab; else return false. */
  function leadBack() {
    if ("alone" in script.dataset) return false; // no stage can show this page, and it says so
    const stage = window.parent === window && !window.opener && recall(stageKey);
    if (!stage || isBackAgain()) return false;
    const url = new URL(stage, location.href);
    url.searchParams.set("page", location.pathname + location.search);
    location.replace(url);
    return true;
  }

  /** Whether this page comes back from the stage again and again: then it wants to be alone. */
  function isBackAgain() {
    const [path, times, at] = (recall(ledBackKey) || "").split(" ");
    const isSoon = Math.abs(Date.now() - Number(at)) < LED_BACK_MS; // the clock may have been set back
    const again = path === location.pathname && isSoon;
    const count = again ? Number(times) + 1 : 1;
    keep(ledBackKey, `${location.pathname} ${count} ${Date.now()}`);
    return count > MAX_LED_BACK;
  }

  /** Go where a link or form of this page leads: no press, so the page isn't asked. */
  function go(url) {
    if (isLeaving()) return;
    farewell = null;
    enter("leaving");
    followed = stays;
    actOnTold();
    updateTaking();
    load(url, loads);
  }

  /** Whether a press, a level or the page itself has already led elsewhere; a link may not. */
  function isLeaving() {
    return state === "leaving" && followed !== stays;
  }

  /** The levels that this page shows, for the page that takes its place. */
  function levels() {
    return Object.fromEntries(Object.entries(pins).map(([pin, { level }]) => [pin, level]));
  }

  /** Show the levels that the page before knew, until the first frame comes. */
  function takeLevels(levels) {
    for (const [pin, level] of Object.entries(levels)) setLevel(pin, level);
  }

  // ------------------------------------------------------------------ what was acted on

  /** Hand what this page has acted on to the next page at ``path``, and to no other page. */
  function handOver(path, { afterFarewell = false, press = null }) {
    const known = cursors.find(Boolean);
    if (known) keep(handedKey, `${known} ${path}${afterFarewell ? " farewell" : ""}`);
    keep(seatKey, seat);
    const atMs = press && wallMs(press.atMs);
    keep(pressKey, press?.cursor ? `${press.cursor} ${path} ${atMs}` : "");
  }

  /** Count the last edge as acted on: what followed it shows where it led, if anywhere. */
  function actOnTold() {
    if (!told) return;
    cursors = [told];
    told = "";
    keepCursor();
  }

  /** Make sure that what this page has acted on doesn't count again after a reload. */
  function keepCursor() {
    ownCursor = (unheard ?? cursors)[0];
    keepOwn();
  }

  /** Keep for a reload what this page has acted on, and since when presses count on it. */
  function keepOwn() {
    let counts = "";
    if (takingSinceMs === null) counts = " none";
    else if (takingSinceMs > -Infinity) counts = ` ${performance.timeOrigin + takingSinceMs}`;
    if (ownCursor) keep(cursorKey, `${ownCursor} ${location.pathname}${counts}`);
  }

  /** What this page has acted on before its first frame; it depends on how the visitor came. */
  function takeOver() {
    const type = performance.getEntriesByType("navigation")[0]?.type;
    const handed = recall(handedKey) || "";
    const kept = type === "reload" ? recall(cursorKey) || "" : "";
    const here = [handed, kept].find((each) => each.split(" ")[1] === location.pathname) || "";
    const [cursor, , counts] = here.split(" ");
    ownCursor = cursor;
    keep(handedKey, ""); // it was only for the next page, whichever that is
    takePress();
    keep(cursorKey, here); // a page that is reloaded before its first frame is still the same
    // A press doesn't count if it began while none counted. `counts` is the time since when presses
    // count, in ms since 1970, or a word that they don't, such as farewell. The wall clock may have
    // been set meanwhile.
    const sinceMs = Number(counts) - performance.timeOrigin;
    if (sinceMs <= performance.now()) takingSinceMs = sinceMs;
    else if (counts) takingSinceMs = performance.now() - loadingMs();
    // Back and forward may show the page from the HTTP cache, whose cursor is old.
    // A page that waited behind a stage has an old one, too.
    return [cursor, type === "back_forward" || place?.isStaged() ? "" : pageCursor];
  }

  /** Take over the press for which this page was loaded, if one was. */
  function takePress() {
    const [by, path, at] = (recall(pressKey) || "").split(" ");
    keep(pressKey, "");
    ledBy = path === location.pathname ? { cursor: by, atMs: Number(at) } : null;
  }

  /** How long this page has been loading; if it was prerendered, how long it has been shown. */
  function loadingMs() {
    const activated = performance.getEntriesByType("navigation")[0]?.activationStart ?? 0;
    return performance.now() - (place?.isStaged() ? shownAtMs : activated);
  }

  // ------------------------------------------------------------------ the connection

  /** Enter a state, and clear everything that belonged to the previous one. */
  function enter(next) {
    state = next;
    stays += 1;
    clearTimeout(timer);
    if (!socket) return;
    // With a dead peer, close() alone takes a minute to report anything. So forget the socket, too.
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
    forgetPress();
    const name = recall(nameKey);
    if (name) url.searchParams.set("display", name);
    seat ||= recall(seatKey) || "";
    keep(seatKey, ""); // only one page may have it
    if (seat) url.searchParams.set("seat", seat);
    socket = new WebSocket(url);
    lastEdge = null;
    socket.onmessage = (message) => receive(JSON.parse(message.data));
    // Don't test wasClean: it is sometimes false for a close with a code.
    socket.onclose = (event) => (event.code === NAVIGATE ? led(event.reason) : lost());
  }

  /** Stay on this page, and count what asked for the move as acted on. */
  function goOn() {
    if (cursors[0]) keepCursor();
    stayConnected();
  }

  /** Open a new socket if the server has closed ours to lead us elsewhere. */
  function stayConnected() {
    if (socket?.readyState > WebSocket.OPEN) open();
  }

  function lost() {
    // An edge led nowhere while the server believed that presses don't count. Its press may count.
    if (unheard) cursors = unheard;
    enter("waiting");
    endDwelling();
    setConnected(false);
    timer = setTimeout(retry, retryDelayMs(attempt, Math.random()));
    attempt += 1;
  }

  /**
   * Ask by HTTP before trying a socket: after about 16 failed sockets, Chromium delays each new one
   * by up to 5 s. The answer also tells whether the server is down or no longer has this page.
   */
  async function retry() {
    enter("waiting");
    const stay = stays;
    // Not at the first try: a kept-alive HTTP connection may have died with the socket.
    const { found, moved, status } = attempt > 1 ? await ask(location.href) : { found: "page" };
    const removed = status === 404 || status === 410;
    const start = startUrl();
    const leads = moved ? found === "page" : removed && (await ask(start)).found === "page";
    if (stay !== stays) return;
    if (leads) {
      timer = setTimeout(lost, LOAD_MS);
      if (moved) reload();
      else replaceBy(start);
    } else if (found === "nobody") lost();
    else open();
  }

  /** What leads to the page at which this display begins. */
  function startUrl() {
    const url = new URL(`${prefix}/gpiobridge/start`, location.href);
    const name = recall(nameKey);
    if (name) url.searchParams.set("display", name);
    return url.href;
  }

  function head(url, redirect) {
    const signal = AbortSignal.timeout(ANSWER_MS);
    return fetch(url, { method: "HEAD", cache: "no-store", mode: "same-origin", redirect, signal });
  }

  /**
   * Find out what is at ``url``: a "page", "nobody" (no server answers), an "error", or "elsewhere"
   * (it leads to another site). Nothing would lead back from an error page.
   *
   * @returns {{found: string, moved: boolean, status: number, version: string}} moved: the URL
   *     redirects to another one on this site; version: of the pages that can be fetched ahead.
   */
  async function ask(url) {
    try {
      let answer = await head(url, "manual");
      const moved = answer.type === "opaqueredirect";
      if (moved) answer = await head(url, "follow").catch(() => null);
      // Only this tells a redirect to another site from a server that has just died.
      if (!answer) return { found: (await head(url, "manual")) && "elsewhere", moved };
      const { ok, status, headers } = answer;
      if (ok) return { found: "page", moved, status, version: headers.get("Gpiobridge-Version") };
      if (BY_A_PROXY.includes(status) && !(await isUp())) return { found: "nobody" };
      return { found: "error", moved, status };
    } catch {
      return { found: "nobody" };
    }
  }

  /** Whether the bridge itself answers, even if one of its pages fails. */
  async function isUp() {
    const { status } = await head(startUrl(), "manual");
    return status < 500;
  }

  function listenForSilence() {
    clearTimeout(timer);
    timer = setTimeout(lost, state === "online" ? SILENT_BEATS * beatMs : connectMs());
  }

  /** How long a handshake may take: as long as any other silence, and longer after each failure. */
  function connectMs() {
    const first = Math.max(MIN_CONNECT_MS, SILENT_BEATS * beatMs);
    const failed = Math.max(0, attempt - 1); // the loss itself doesn't count
    return Math.min(MAX_CONNECT_MS, first * 2 ** failed);
  }

  function receive(frame) {
    if (frame.type === "state") {
      state = "online";
      if (epoch && epoch !== frame.epoch) relearn();
      saidShown = false; // a new server doesn't know it, nor one that has missed this page for long
      epoch = frame.epoch;
      seat = frame.seat ?? ""; // the newest socket's; it can be used once
      const ours = (known) => known?.startsWith(`${epoch}:`);
      if (!ours(since)) since = cursors.find(ours) || `${epoch}:${frame.seq}`;
    }
    listenForSilence();
    attempt = 0;
    // If an edge leads somewhere, a close follows it at once. A connection can end between the two:
    // only what follows the edge shows that we have acted on it, or that it led nowhere.
    if (frame.type === "state") told = "";
    actOnTold();
    // An edge with its own epoch comes from another bridge, whose numbers mean nothing here.
    const ours = frame.type === "state" || (frame.type === "edge" && !("epoch" in frame));
    if (ours) told = `${epoch}:${frame.seq}`;
    if (frame.type === "state") actOnTold();
    // An edge that was held off comes a second time if it counts after all.
    const again = ours && frame.type === "edge" && frame.seq <= newest;
    if (ours && !again) newest = frame.seq;
    const isEdge = frame.type === "edge";
    // Firefox calls a timer that was set during the load up to 0.2 s late; this press may count.
    if (isEdge && lockedUntilMs && lockedUntilMs <= performance.now()) updateTaking(lockedUntilMs);
    const held = takingNow() === null; // checked now: the edge itself may end what holds it off
    const { pin, event } = frame;
    lastEdge = isEdge ? { pin, event, held, cursor: told, atMs: performance.now() } : null;
    if (frame.type === "beat") {
      socket.send('{"type":"beat"}');
    } else if (frame.type === "state") {
      setSimulated(frame.simulated);
      endDwelling(); // what dwells now follows
      obeyed = frame.obeys ?? null;
      for (const [pin, level] of Object.entries(frame.pins)) setLevel(pin, level);
      setConnected(true);
      // From now on the server misses this page if it hangs, also before its first beat.
      socket.send('{"type":"beat"}');
      // The browser may have delayed the socket: then the time in its URL is outdated.
      const late = performance.now() - openedAtMs > HANDSHAKE_MS;
      if (late && Number.isFinite(saidTakingMs)) saidTakingMs = NaN; // so it is sent again
      sayTaking();
      sayVisible();
      sayShown();
      sendUnsent();
      tell("state", { pins, seq: frame.seq, simulated: frame.simulated });
    } else if (frame.type === "edge") {
      const { pin, event, level, seq } = frame;
      if (again) return;
      dwelling.delete(pin);
      setLevel(pin, level);
      tell("edge", { pin, event, level, active: pins[pin].active, seq });
      if (isUsedBy(pin)) startIdling();
    } else if (frame.type === "dwelling") {
      dwelling.set(frame.pin, frame);
      show(frame.pin);
      if (isUsedBy(frame.pin)) startIdling();
    } else if (frame.type === "ignored") {
      const { pin, why } = frame;
      if (why === "dwell") dwelling.delete(pin);
      show(pin);
      tell("ignored", { pin, why });
    } else if (frame.type === "output") {
      tell("output", { output: frame.output, state: frame.state }); // only the simulator hears it
    } else if (frame.type === "message") {
      tell("message", frame.data);
    } else if (frame.type === "sound") {
      if (frame.play) playSound(frame.sound);
      else stopSound(frame.sound);
    }
  }

  /**
   * Set an output, if its from_pages is true and this page is on the machine's own kiosk. Nothing is
   * kept for later: a lock that opens a minute after the press would be worse than one that doesn't.
   */
  function output(name, wanted, forTime) {
    if (socket?.readyState !== WebSocket.OPEN || state !== "online") {
      console.warn(`gpiobridge: output ${name} isn't set, because there is no connection`);
      return;
    }
    const frame = { type: "output", output: name, state: wanted };
    socket.send(JSON.stringify(forTime === undefined ? frame : { ...frame, for: forTime }));
  }

  /** Read the beat and the active levels again: a restarted server may have a new configuration. */
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
      // keep the values that the page was loaded with
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

  function endDwelling() {
    const ended = [...dwelling.keys()];
    dwelling.clear();
    ended.forEach(show);
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
    const press = dwelling.get(element.dataset.pin);
    if (press) element.dataset.dwelling = press.ms;
    else delete element.dataset.dwelling;
    if (press?.pressed === false) element.dataset.interrupted = "";
    else delete element.dataset.interrupted;
  }

  /** Show the levels on elements that were added to the page, or whose data-pin has changed. */
  function showOnChanged(records) {
    if (Object.keys(pins).length === 0) return; // the first frame will show them all
    for (const { type, target, addedNodes } of records) {
      for (const node of type === "attributes" ? [target] : addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.matches("[data-pin], [data-level], [data-dwelling]")) showOn(node);
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
      // Set one by one: a strict policy forbids a style attribute. The badge is at the bottom
      // because headlines are at the top. Its size follows the screen's.
      Object.assign(badge.style, {
        position: "fixed", bottom: ".4em", right: ".4em", zIndex: "2147483647", margin: "0",
        padding: ".25em .8em", borderRadius: "999px", pointerEvents: "none",
        font: "600 clamp(10px, 1.5vmin, 48px)/1.4 system-ui, sans-serif",
        color: "#422006", background: "#fde68a", opacity: "0.9",
      });
      // Not into the body: scripts may replace its content.
      document.documentElement.append(badge);
    }
  }

  // ------------------------------------------------------------------ whether presses count

  /** Find out whether presses count, and tell the server if that has changed, at ``sinceMs``. */
  function updateTaking(sinceMs = performance.now()) {
    const lockedMs = shownAtMs + lockoutMs - performance.now();
    lockedUntilMs = lockedMs > 0 ? shownAtMs + lockoutMs : 0;
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

  /** Since when presses count; also null while it is unknown whether a film plays. */
  function takingNow() {
    // The server has seen a film in the page. If it doesn't play, presses made meanwhile do count.
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

  // A film that breaks off with an error is neither paused nor ended.
  function isPlaying(film) {
    return !film.paused && !film.ended && !film.error;
  }

  /** Whether a film will begin by itself; until its first pictures have come, it says "paused". */
  function beginsByItself(film) {
    const { autoplay, ended, error, networkState, readyState, played } = film;
    const comes = !error && networkState !== film.NETWORK_NO_SOURCE;
    const waits = readyState < film.HAVE_ENOUGH_DATA && played.length === 0 && !ended;
    return autoplay && comes && waits && performance.now() < shownAtMs + FILM_STARTS_MS;
  }

  // ------------------------------------------------------------------ sounds

  /** Play the sounds of a page that is shown alone. On a stage, the stage plays them. */
  function startSounds() {
    if (place || player || !sounds) return;
    const take = ({ Sounds }) => {
      const all = new Sounds(prefix);
      all.take(sounds.all);
      all.listen(window);
      all.follow(sounds.page);
      return all;
    };
    player = import(new URL("sounds.js", script.src)).then(take);
    player.catch(() => console.warn("gpiobridge: this page can't play its sounds"));
  }

  function playSound(name) {
    if (!name) return;
    if (place) place.playSound?.(name);
    else player?.then((all) => all.play(name), () => {});
  }

  function stopSound(name) {
    if (place) place.stopSound?.(name);
    else player?.then((all) => all.stop(name), () => {});
  }

  // ------------------------------------------------------------------ whether it is visible

  /** Whether this page can be seen: it is not behind another tab or in a minimized window. */
  function isVisible() {
    return document.visibilityState !== "hidden";
  }

  function sayVisible() {
    if (saidVisible === isVisible() || socket?.readyState !== WebSocket.OPEN) return;
    saidVisible = isVisible();
    socket.send(JSON.stringify({ type: "visible", visible: saidVisible }));
  }

  // ------------------------------------------------------------------ whether it is shown

  /**
   * Find out when this page is painted, for the first time since it is on the screen. The browser's
   * own figure counts, if it has one; else the page is painted before the second frame begins.
   * Nothing is painted while the page is hidden.
   */
  function awaitPaint(sinceMs) {
    const painted = (atMs) => {
      if (observer) observer.disconnect();
      if (paintedAtMs !== null) return;
      paintedAtMs = atMs;
      sayShown();
    };
    const types = window.PerformanceObserver?.supportedEntryTypes ?? [];
    const hasFigure = types.includes("paint") && sinceMs !== null;
    const observer = hasFigure && new PerformanceObserver((list) => {
      const first = list.getEntries().find(({ startTime }) => startTime >= sinceMs);
      if (first) painted(first.startTime);
    });
    if (observer) observer.observe({ type: "paint", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const atMs = performance.now();
      setTimeout(painted, observer ? PAINT_MS : 0, atMs); // a page without content has no figure
    }));
  }

  /** A page that was hidden before it was painted has no figure: nobody could see it. */
  function forgetPress() {
    if (document.hidden && paintedAtMs === null) ledBy = null;
  }

  /** Say, once on each socket, that this page is on the screen, and how long after the press that led to it. */
  function sayShown() {
    if (saidShown || paintedAtMs === null || state !== "online") return;
    if (socket.readyState !== WebSocket.OPEN) return;
    saidShown = true;
    const frame = { type: "shown", cursor: since };
    if (ledBy?.cursor.startsWith(`${epoch}:`)) {
      const ms = Math.round(wallMs(paintedAtMs) - ledBy.atMs);
      if (ms >= 0 && ms <= MAX_SHOWN_MS) Object.assign(frame, { cursor: ledBy.cursor, ms });
    }
    socket.send(JSON.stringify(frame));
  }

  // ------------------------------------------------------------------ leaving

  /** The server leads to ``path``: because of a press, a level, or an order of the application. */
  function led(path) {
    const press = lastEdge;
    const levels = Object.keys(levelRules).filter(
      (pin) => obeys(pin) && levelRules[pin][pins[pin]?.level] === path,
    );
    // Don't keep it yet: a reload that is under way must not lose the press that moves this page.
    if (told) [cursors, told] = [[told], ""];
    unheard = null; // the server has closed for the first press that counts
    // While presses don't count, levels don't either: then it can only be an order.
    const order = !press && (takingSinceMs === null || !levels.length);
    if (farewell && order) farewell.url = new URL(path, location.href);
    // A press is ignored if it crossed with our message that none counts now.
    const usedUp = press && (press.held || takingNow() === null);
    if (farewell || usedUp) goOn();
    else leave(path, { press, order, levels });
  }

  /**
   * Leave for ``path``, unless the page declines. The page may play a farewell first. It can't
   * decline an order of the application. ``frame`` is sent to the server last.
   */
  async function leave(path, { press = null, order = false, levels = [], frame } = {}) {
    const url = new URL(path, location.href);
    if (url.origin !== location.origin) return lost(); // never go to another site
    if (farewell) {
      farewell.url = url;
      return;
    }
    const farewells = [];
    const waitUntil = (promise) => farewells.push(promise);
    if (!tell("navigate", { page: path, pin: press?.pin, waitUntil }, !order)) {
      for (const each of levels) declined.set(each, pins[each].level);
      goOn();
      return;
    }
    playSound(sounds?.rules[press?.pin]?.[press?.event]);
    const last = { url };
    if (farewells.length) await playFarewell(farewells, last);
    if (farewells.length && farewell !== last) return; // the visitor went elsewhere meanwhile
    farewell = null;
    if (frame && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    enter("leaving");
    actOnTold(); // a page that leaves by itself has also seen the edge
    updateTaking();
    const how = { afterFarewell: farewells.length > 0, press: last.url === url ? press : null };
    load(last.url, loads, how);
  }

  /** Wait for the page's farewell; meanwhile presses don't count on this display. */
  async function playFarewell(farewells, last) {
    farewell = last;
    updateTaking();
    stayConnected();
    await Promise.race([Promise.allSettled(farewells), pause(FAREWELL_MS)]);
  }

  /** Load the next page once the server answers: a dead server would leave an error page. */
  async function load(url, tries, how = {}) {
    if (tries === 0) return lost();
    const stay = stays;
    if (place && (await moveOnStage(url, how))) return;
    if (stay !== stays) return;
    let answer;
    for (let asked = 0; (answer = await ask(url)).found === "nobody"; asked += 1) {
      if (stay !== stays) return;
      setConnected(false);
      await pause(retryDelayMs(asked, Math.random()));
    }
    if (stay !== stays) return;
    if (answer.found !== "page") return stayHere(url, answer);
    if (place) {
      await pause(retryDelayMs(LOADS_ON_STAGE - tries, Math.random()));
      if (stay === stays) load(url, tries - 1, how);
      return;
    }
    goOnline(); // if it still waits: it would take over what is handed over now
    handOver(url.pathname, how);
    timer = setTimeout(load, LOAD_MS, url, tries - 1, how);
    moveTo(url, answer.version); // at once: the server can still die before the page is fetched
  }

  /**
   * Have the stage show the next page; this page sleeps when that is done. The stage shows no error
   * page, so nobody need ask the server first.
   */
  function moveOnStage(url, how) {
    // A press has led elsewhere, and this page's frame is about to be gone.
    if (!place.isShown()) return new Promise(() => {});
    goOnline(); // if it still waits: it would take over what is handed over now
    handOver(url.pathname, how);
    return place.show(url);
  }

  /** Stay on this page, and count the move as acted on: its target can't be shown. */
  function stayHere(url, { found, status }) {
    const why = found === "elsewhere" ? "leads to another site" : `answers ${status}`;
    console.warn(`gpiobridge: ${url.pathname} ${why}, so this page stays`);
    tell("stayed", { page: url.pathname }); // so a page that hid itself can show itself again
    const nowMs = performance.now();
    refusals = nowMs - refusedAtMs < AGAIN_MS ? refusals + 1 : 0;
    refusedAtMs = nowMs;
    if (!refusals) return open();
    // A level asks again and again: it leads to the page once that can be shown.
    enter("waiting");
    timer = setTimeout(open, retryDelayMs(refusals, Math.random()));
  }

  /** Navigate; skip what was fetched ahead if ``version`` says that it is outdated. */
  function moveTo(url, version) {
    moveUnasked();
    const there = new URL(url);
    if (version && ahead && version !== ahead) {
      // On plain http nothing can discard a prefetched page, but another URL doesn't match it.
      there.search += `${there.search ? "&" : "?"}${FRESH}=${version}`;
    }
    if (there.href === location.href) location.reload(); // assign() would only scroll to a #
    else location.assign(there);
  }

  /** Let the next navigation pass without a question: nobody may be there to answer it. */
  function moveUnasked() {
    moving = true;
    setTimeout(() => { moving = false; }, LOAD_MS);
    listenInFrames();
  }

  /** Remove our own mark from the URL: the screen and scripts need not see it. */
  function tidyAddress() {
    const url = new URL(location.href);
    const search = url.search.replace(new RegExp(`[?&]${FRESH}=[\\w-]*$`), "");
    if (search === url.search) return;
    url.search = search;
    history.replaceState(history.state, "", url);
  }

  /** Let a beforeunload handler save its data before our navigation, but not hold it up. */
  function passUnasked(event) {
    if (!moving) return;
    event.preventDefault = () => {};
    Object.defineProperty(event, "returnValue", { value: "", writable: true });
    const view = event.currentTarget;
    const handler = view.onbeforeunload; // its return value would make the browser ask
    if (!handler) return;
    view.onbeforeunload = null;
    setTimeout(() => { view.onbeforeunload ??= handler; });
    handler.call(view, event);
  }

  /** Reload a page that came as an error, such as its template's, once it is well again. */
  async function recover() {
    const [arrival] = performance.getEntriesByType("navigation");
    if (!(arrival?.responseStatus >= 500)) return;
    do await pause(RECOVER_MS);
    while (state === "leaving" || (await ask(location.href)).found !== "page" || !(await reload()));
  }

  /** Load this page anew; false if a stage can't. */
  async function reload() {
    if (place) {
      if (isLeaving()) return false;
      keep(handedKey, recall(cursorKey) ?? "");
      return place.show(new URL(location.href));
    }
    moveUnasked();
    location.reload();
    return true;
  }

  /** Load the page at ``path`` in place of this one, which is gone. */
  function replaceBy(path) {
    if (place) return void place.show(new URL(path, location.href));
    moveUnasked();
    location.replace(path);
  }

  // ------------------------------------------------------------------ another page's content

  const ownPath = location.pathname;

  /**
   * Turbo, htmx and similar libraries put another page's content into this document and its URL
   * into the address bar. The rules here are still those of the old page: so load the new one.
   */
  function noticeSwap() {
    if (document.prerendering) return onceShown(noticeSwap); // nobody sees it yet
    const here = location.pathname;
    const isOther = ([name, path]) =>
      name !== page && new URL(path, location.href).pathname === here;
    if (here === ownPath || state === "leaving" || !Object.entries(paths).some(isOther)) return;
    farewell = null; // its page is no longer there
    enter("leaving");
    load(new URL(location.href), loads);
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

  // Only what a hand does is use: a page's own scrolling and scripts are not.
  const USES = [
    "pointerdown", "pointerup", "pointermove", "wheel", "touchstart", "touchmove", "keydown",
  ];
  // All events that one touch or key may cause.
  const GESTURE = [
    "pointerdown", "mousedown", "touchstart", "pointerup", "mouseup", "touchend",
    "click", "auxclick", "contextmenu", "keydown", "keypress", "keyup",
  ];
  const LAST_OF_GESTURE = ["click", "auxclick", "contextmenu", "keyup"];

  const filmsSinceMs = new Map(); // by source: since when a film holds the unused page
  let idleTimer = 0;
  let usedAtMs = 0;
  let pointerAt = "";
  let focused = null; // the other site's frame that has the focus, and since when
  let focusedAtMs = 0;
  let countdown = 0; // the seconds that the warning shows; 0 without a warning
  let endedWarning = null; // the touch, key or move that ended the warning
  let swallowing = false; // whether more of that gesture may come, which the page must not get

  /** Start the idle time, after which the page leaves by itself. Use and its pins restart it. */
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
      usedAtMs = nowMs; // in case the page stays after all
      idleTimer = setTimeout(lookForUse, 1000);
      const to = script.dataset.idleTo;
      leave(paths[to], { frame: { type: "idle", to } });
    }
  }

  /** Whether a pin shows that somebody uses this display. */
  function isUsedBy(pin) {
    return idlePins.includes(pin) && (obeys(pin) || idleOwn.includes(pin));
  }

  function obeys(pin) {
    return obeyed === null || obeyed.includes(pin);
  }

  function inUse(nowMs) {
    return (
      farewell ||
      state === "leaving" ||
      idlePins.some((pin) => isUsedBy(pin) && (pins[pin]?.active || dwelling.has(pin))) ||
      [...views()].some(({ document: { body } }) =>
        [...(body?.querySelectorAll("video, audio") ?? [])].some((film) => holds(film, nowMs)),
      ) ||
      isInForeignFrame(nowMs)
    );
  }

  /** Whether a film plays that will end; a film that repeats holds the page only once. */
  function holds(film, nowMs) {
    const { paused, ended, loop, srcObject, duration, playbackRate, currentSrc } = film;
    const willEnd = !loop && !srcObject && Number.isFinite(duration) && playbackRate;
    if (paused || ended || !willEnd) return false;
    if (!filmsSinceMs.has(currentSrc)) filmsSinceMs.set(currentSrc, nowMs);
    return nowMs - filmsSinceMs.get(currentSrc) <= (1000 * duration) / Math.abs(playbackRate);
  }

  /** Whether someone may use another site's frame; we can only see that it has the focus. */
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

  /** This window, and its frames of the same site. */
  function* views(view = window) {
    yield view;
    for (let i = 0; i < view.length; i += 1) {
      let ours = false;
      try {
        ours = Boolean(view[i].document);
      } catch {
        // it belongs to another site
      }
      if (ours) yield* views(view[i]);
    }
  }

  /** Listen for use and for beforeunload, in frames, too; adding a listener twice does no harm. */
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
      // Browsers also send one if the mouse rests and something below it moves.
      const at = `${screenX} ${screenY}`;
      if (at === pointerAt && !movementX && !movementY) return;
      pointerAt = at;
    }
    if (countdown) endedWarning = event;
    startIdling();
  }

  /** Show how many seconds are left; 0: someone is there. */
  function warn(seconds) {
    if (seconds === countdown) return;
    const begins = !countdown;
    if (begins) endedWarning = null;
    countdown = seconds;
    if (seconds) document.documentElement.dataset.idle = seconds;
    else delete document.documentElement.dataset.idle;
    if (seconds) swallowNext(); // each time, because there may be new frames
    if (begins || !seconds) updateTaking();
    tell("idle", { seconds: seconds || null });
  }

  /** Swallow the touch or key that ends the warning: it only means "I am here". */
  function swallowNext() {
    for (const view of views()) {
      for (const type of GESTURE) {
        view.addEventListener(type, swallow, { capture: true, passive: false });
      }
    }
  }

  function swallow(event) {
    const begins = event.type === "pointerdown" || (event.type === "keydown" && !event.repeat);
    if (begins && !saysHere(event)) return swallowNoMore(); // it is the next gesture
    if (begins) swallowing = true;
    if (!swallowing) return; // the end of a gesture that began before the warning
    event.preventDefault();
    event.stopImmediatePropagation();
    if (LAST_OF_GESTURE.includes(event.type)) swallowNoMore();
  }

  /** Whether this event ended the warning, or is the click of the mouse whose move ended it. */
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

  let cursorless = null; // the style sheet that hides the cursor
  let cursorTimer = 0;

  /**
   * On a display with a name, such as a kiosk, show a cursor only for a mouse that moves. To the
   * browser, a touchscreen may be a mouse, too, and nobody looks for a cursor on an exhibit.
   */
  function startHidingCursor() {
    if (!recall(nameKey) || !document.adoptedStyleSheets) return;
    cursorless = new CSSStyleSheet(); // a strict policy allows it
    cursorless.replaceSync("html, html * { cursor: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, cursorless];
    for (const type of ["pointermove", "pointerdown"]) {
      addEventListener(type, showCursor, { capture: true, passive: true });
    }
  }

  function showCursor({ type, pointerType, movementX, movementY }) {
    const rests = type === "pointermove" && !movementX && !movementY; // something below it moves
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
    const once = ["token", "kiosk_ticket"].filter((key) => url.searchParams.has(key));
    if (once.length) {
      for (const key of once) url.searchParams.delete(key); // in cookies by now: not on the screen
      history.replaceState(history.state, "", url);
    }
    shownAtMs = performance.now();
    awaitPaint(place ? null : shownAtMs - loadingMs()); // on a stage it was painted long before
    tell("shown");
    startIdling();
    recover();
    waitsForFrame = true;
    // In a page that was prerendered, the first use of sessionStorage waits for the browser, which is
    // busy with the change of pages: 10 ms and more, in which the page isn't drawn.
    if (prerendered) afterFrame(goOnline);
    else goOnline();
    afterFrame(() => setTimeout(loadAhead, AHEAD_MS));
    afterFrame(startSounds);
  }

  /** Take over what the page before has left, and open the socket. */
  function goOnline() {
    if (!waitsForFrame) return;
    waitsForFrame = false;
    if (leadBack()) return;
    startHidingCursor();
    cursors = takeOver();
    updateTaking();
    if (state === "asleep") open(); // otherwise a "shown" handler has already made the page leave
    for (const name of ["resume", "visibilitychange"]) document.addEventListener(name, wake);
    document.addEventListener("visibilitychange", sayVisible);
    document.addEventListener("visibilitychange", forgetPress);
    addEventListener("online", wake);
  }

  /** Act after the next frame was handed over to be drawn, or if there is none for a while. */
  function afterFrame(act) {
    let acted = false;
    const once = () => {
      if (!acted) act();
      acted = true;
    };
    requestAnimationFrame(() => setTimeout(once));
    setTimeout(once, NO_FRAME_MS);
  }

  /** Let the browser load the next pages: before this page is drawn, they would only delay it. */
  function loadAhead() {
    if (place || !script.dataset.next) return; // a stage does it, or the page's header has said it
    const rules = document.createElement("script");
    rules.type = "speculationrules";
    rules.textContent = script.dataset.next;
    (document.head ?? document.documentElement).append(rules);
  }

  /** Act now, or once the page is shown: a prerendered page is not a display yet. */
  function onceShown(act) {
    if (document.prerendering) document.addEventListener("prerenderingchange", act, { once: true });
    else act();
  }

  function sleep() {
    goOnline(); // if it still waits: what the page before has left is for this page
    // A page in the back/forward cache must not keep a socket: it would be a ghost display.
    enter("asleep");
    player?.then((all) => all.follow([]), () => {});
    if (seat) keep(seatKey, seat); // for the next page in this tab, whichever it is
    seat = "";
    // If it comes back, presses made meanwhile were for the pages that were on the screen, and no
    // press leads here. "resume" comes before "pageshow", and opens the socket already.
    cursors = [];
    since = "";
    [ledBy, paintedAtMs, saidShown] = [null, null, false];
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
  document.addEventListener("load", listenInFrames, true); // a frame has loaded
  new MutationObserver(showOnChanged).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-pin"],
  });
  addEventListener("pagehide", sleep);
  for (const name of ["loadstart", "play", "pause", "ended", "canplaythrough", "error", "emptied"]) {
    document.addEventListener(name, (e) => shownAtMs && updateTaking(e.timeStamp), true);
  }
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    keep(handedKey, ""); // it was for a page that wasn't shown
    keep(pressKey, "");
    awaitPaint(null); // the browser's figure is from the first time
    shownAtMs = performance.now();
    player?.then((all) => all.follow(sounds.page), () => {});
    updateTaking();
    startIdling();
    wake();
  });
  document.addEventListener("DOMContentLoaded", () => {
    // Frames of the socket may have come before the elements.
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
    output,
    get display() {
      return recall(nameKey) || "";
    },
    get asleep() {
      return Boolean(document.prerendering);
    },
    go: (name) => onceShown(() => leave(paths[name] ?? `${prefix}/${name}`)),
  };

  onceShown(shown);
})();
