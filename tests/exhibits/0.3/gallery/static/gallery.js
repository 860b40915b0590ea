// Says that the page is shown, and how long that took from the edge on the page before.
const page = document.documentElement.dataset.page;
const [pressed, at] = (sessionStorage.getItem("press") ?? "").split(" ");
sessionStorage.removeItem("press");
const seat = sessionStorage.getItem("seat") ?? "";
const nowMs = () => performance.timeOrigin + performance.now();
let epoch = "";
let last = ""; // the newest edge's cursor, and when it came

const address = new URL(`ws://${location.host}/ws/${page}`);
address.searchParams.set("display", "gallery");
if (seat) address.searchParams.set("seat", seat);
if (pressed) address.searchParams.set("cursor", pressed);
const socket = new WebSocket(address);

socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "state") {
    epoch = frame.epoch;
    sessionStorage.setItem("seat", frame.seat);
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const begins = `${epoch}:${frame.seq}`;
      const ms = Math.round(nowMs() - Number(at));
      const shown = { type: "shown", ...(pressed ? { cursor: pressed, ms } : { cursor: begins }) };
      socket.send(JSON.stringify(shown));
      document.getElementById("log").textContent = "said";
    }));
  } else if (frame.type === "edge") {
    last = `${epoch}:${frame.seq} ${nowMs()}`;
  } else if (frame.type === "beat") {
    socket.send('{"type":"beat"}');
  }
};

socket.onclose = ({ code, reason }) => {
  if (code !== 4000) return;
  sessionStorage.setItem("press", last);
  location.assign(reason);
};
