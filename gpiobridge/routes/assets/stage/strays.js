// What brings the screen home: the shown page must be one of the bridge's, never an error page.

export class Strays {
  /**
   * @param {object} stage whose shown page is watched.
   * @param {string} prefix of the bridge's own routes.
   */
  constructor(stage, prefix) {
    this.stage = stage;
    this.prefix = prefix;
  }

  /** Watch the page that is now shown. */
  watch() {}
}
