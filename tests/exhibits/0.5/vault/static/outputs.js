// Shows in the page what the outputs do, for the game master's copy of the screen.
async function look() {
  const { outputs } = await (await fetch("/healthz")).json();
  for (const [name, { state }] of Object.entries(outputs)) {
    document.documentElement.setAttribute(`data-output-${name}`, state);
  }
  setTimeout(look, 100);
}
look();
