// What this tab, or this browser, keeps. Storage can be forbidden: the stage does without then.

/**
 * @param {string} key
 * @param {"sessionStorage" | "localStorage"} storage of this tab, or of all tabs and later ones.
 * @returns {string} what is kept; "" if nothing is.
 */
export function recall(key, storage = "sessionStorage") {
  try {
    return window[storage].getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** Keep a value; "" forgets it. */
export function keep(key, value, storage = "sessionStorage") {
  try {
    if (value) window[storage].setItem(key, value);
    else window[storage].removeItem(key);
  } catch {
    // forbidden
  }
}

/**
 * Hand what the shown page has acted on to the same page in a new frame, to which it is no reload:
 * a press made meanwhile must count. client.js reads and writes both.
 */
export function handBack(prefix) {
  keep(`gpiobridge${prefix}:handed`, recall(`gpiobridge${prefix}:cursor`));
}
