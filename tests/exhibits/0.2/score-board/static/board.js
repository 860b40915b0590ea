// The whole of the wire, by hand: state, edge, beat and message come; beat, message, taking,
// visible and idle go; only close 4000 leads on, and every other close is followed by a new socket.
const page = document.documentElement.dataset.page;
const show = (id, text) => { document.getElementById(id).textContent = text; };
let socket = null;
let cursor = sessionStorage.getItem("cursor") ?? ""; // of the page before: what it has acted on
let since = "";
let seat = "";
let epoch = "";
let declined = "";
const log = [];

function note(word) {
  log.push(word);
  show("log", log.join(" "));
}

function open() {
  const address = new URL(`ws://${location.host}/ws/${page}`);
  if (cursor) address.searchParams.set("cursor", cursor);
  if (since) address.searchParams.set("since", since);
  if (seat) address.searchParams.set("seat", seat);
  if (declined) address.searchParams.append("declined", declined);
  address.searchParams.set("display", "score board");
  address.searchParams.set("taking", "1000000000");
  address.searchParams.set("visible", String(!document.hidden));
  socket = new WebSocket(address);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = ({ code, reason }) => {
    note(`closed:${code}`);
    if (code === 4000) {
      sessionStorage.setItem("cursor", cursor);
      location.assign(reason);
    } else if (code === 1008 || code === 1009) {
      note("our fault"); // a rule was broken, or a message too large
      setTimeout(open, 1000);
    } else {
      setTimeout(open, 200); // 1001: the server stops; or the network has failed
    }
  };
}

function receive(frame) {
  if (frame.type === "state") {
    epoch = frame.epoch;
    seat = frame.seat;
    cursor = `${epoch}:${frame.seq}`;
    since ||= cursor;
    for (const [pin, level] of Object.entries(frame.pins)) show(pin, level);
    note(frame.simulated ? "simulated" : "real");
  } else if (frame.type === "edge") {
    cursor = `${epoch}:${frame.seq}`;
    show(frame.pin, `${frame.level}`);
    note(`${frame.pin}:${frame.event}${"press" in frame ? `:${frame.seq - frame.press}` : ""}`);
    if (!(frame.at > 1.6e9)) note("no time");
  } else if (frame.type === "beat") {
    socket.send('{"type":"beat"}');
    if (!log.includes("beat")) note("beat");
  } else if (frame.type === "message") {
    show("said", frame.data.text);
    if (frame.data.hold) say({ type: "taking", since_ms: null }); // now no press counts
    if (frame.data.go) say({ type: "taking", since_ms: 0 });
    if (frame.data.large) say({ type: "message", data: "x".repeat(20_000) });
    if (frame.data.wrong) say({ type: "visible", visible: "perhaps" });
  } // another type is for a later version
}

function say(frame) {
  socket.send(JSON.stringify(frame));
}

document.addEventListener("visibilitychange", () => {
  say({ type: "visible", visible: !document.hidden });
});
window.leaveAlone = () => {
  say({ type: "idle", to: "score" });
  location.assign("/score");
};
open();
