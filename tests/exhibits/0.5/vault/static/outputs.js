// Shows in the page what the outputs do, for the game master's copy of the screen.
async function ask(path) {
  try {
    return await (await fetch(path)).json();
  } catch {
    return { outputs: {} }; // the page is just being left
  }
}

async function look() {
  const { outputs } = await ask("/healthz");
  for (const [name, { state }] of Object.entries(outputs)) {
    document.documentElement.setAttribute(`data-output-${name}`, state);
  }
  setTimeout(look, 100);
}
look();
