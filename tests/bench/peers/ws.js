// Node's `ws`: each open client is sent the text, as its README's "Server broadcast" does.
// Usage: node ws.js PORT TRIGGER_PORT
const dgram = require("dgram");
const { WebSocket, WebSocketServer } = require("ws");

const [port, triggerPort] = process.argv.slice(2).map(Number);
const text = "x".repeat(100);
const server = new WebSocketServer({
  port, host: "127.0.0.1", backlog: 2048, perMessageDeflate: false,
});
dgram
  .createSocket("udp4", () => {
    server.clients.forEach((client) => {
      if (client.readyState === WebSocket.OPEN) client.send(text);
    });
  })
  .bind(triggerPort, "127.0.0.1");
