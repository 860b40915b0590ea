// A stand-in until asleep.js comes.
export class Sleep {
  constructor(view) {
    this.view = view;
    this.asleep = true;
    Object.defineProperty(view.Document.prototype, "prerendering", {
      configurable: true, get: () => this.asleep,
    });
  }
  wake() {
    this.asleep = false;
    this.view.document.dispatchEvent(new this.view.Event("prerenderingchange"));
  }
  end() {}
}
