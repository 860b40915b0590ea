// Each page says good-bye, and the solved one asks the players to stay until the chime is over.
addEventListener("gpiobridge:navigate", (event) => {
  const to = event.detail.page;
  const farewell = document.body.animate({ opacity: [1, 0.2] }, { duration: 200, fill: "forwards" });
  event.detail.waitUntil(farewell.finished);
  addEventListener("gpiobridge:stayed", () => farewell.cancel(), { once: true });
  sessionStorage.setItem("left by", `${event.detail.pin ?? "a level"} to ${to}`);
});
document.addEventListener("gpiobridge:shown", () => {
  document.documentElement.dataset.leftBy = sessionStorage.getItem("left by") ?? "";
});
