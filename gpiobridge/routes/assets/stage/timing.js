// Moments to act at.

export function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** Act after the next frame was handed over to be drawn; a hidden tab draws none. */
export function afterFrame(act) {
  if (document.hidden) setTimeout(act);
  else requestAnimationFrame(() => setTimeout(act));
}
