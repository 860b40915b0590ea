// Node's socket.io: `io.emit` to all. Usage: node socketio.js PORT TRIGGER_PORT
const dgram = require("dgram");
const http = require("http");
const { Server } = require("socket.io");

const [port, triggerPort] = process.argv.slice(2).map(Number);
const text = "x".repeat(100 - '42["edge",""]'.length);
const server = http.createServer();
const io = new Server(server, {
  transports: ["websocket"],
  pingInterval: 3600000,
  perMessageDeflate: false,
  serveClient: false,
});
server.listen({ port, host: "127.0.0.1", backlog: 2048 });
dgram.createSocket("udp4", () => io.emit("edge", text)).bind(triggerPort, "127.0.0.1");
