// The game master's desk has no script of ours. It may look, so it may not open the vault.
async function countRefused() {
  try {
    const text = await (await fetch("/metrics")).text();
    document.querySelector("#refused").textContent = text.match(/outputs_refused_total (\d+)/)[1];
  } catch {
    return; // the page is just being left
  }
  setTimeout(countRefused, 100);
}
const socket = new WebSocket(`ws://${location.host}/ws/desk`);
socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.type === "beat") socket.send('{"type":"beat"}');
  if (frame.type !== "state") return;
  socket.send(JSON.stringify({ type: "output", output: "vault", state: "on", for: "2s" }));
  document.documentElement.dataset.bridge = "online";
  countRefused();
};
socket.onclose = ({ code, reason }) => { if (code === 4000) location.assign(reason); };
