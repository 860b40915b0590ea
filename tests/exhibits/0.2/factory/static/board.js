const show = (id, text) => { document.getElementById(id).textContent = text; };
const said = [];
const say = (word) => { said.push(word); show("said", said.join(" ")); };

document.addEventListener("gpiobridge:message", ({ detail }) => show("made", detail.made));
document.addEventListener("gpiobridge:state", ({ detail }) => say(`state:${detail.pins.stop.level}`));
document.addEventListener("gpiobridge:edge", ({ detail }) => say(`${detail.pin}:${detail.event}`));
document.addEventListener("gpiobridge:online", () => say("online"));
document.addEventListener("gpiobridge:offline", () => say("offline"));
document.getElementById("leave").addEventListener("click", () => {
  gpiobridge.send({ left: gpiobridge.page, stopped: gpiobridge.pins.stop.active });
  gpiobridge.go(gpiobridge.page === "board" ? "halted" : "board");
});
document.addEventListener("gpiobridge:shown", () => show("display", gpiobridge.display));
