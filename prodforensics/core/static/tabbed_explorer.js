// What the explorers of this room share: their frame, and tabs that ask only when they are first seen.

class TabbedExplorer {
  constructor(context, label) {
    this.frame = new Frame(context, label);
    this.frame.element.classList.add("pf-tall");
    this.kernel = this.frame.kernel;
    this.signal = context.signal;
    this.say = (text) => this.frame.say(text);
    this.fail = (error) => this.frame.fail(error);
  }

  // Pages are {key, title, panel, fill}; the headline stands beside their tabs.
  openPages(label, pages, headline, title) {
    this.pages = new Tabs(label, pages);
    this.pages.onchange = async (page) => {
      if (page.filled) return;
      page.filled = true;
      await Promise.resolve(page.fill()).catch((error) => {
        page.filled = false;
        this.fail(error);
      });
    };
    this.frame.bar.append(this.pages.list, make("span", { class: "pf-soft pf-facts-line", title }, headline));
    this.frame.body.append(...pages.map(({ panel: each }) => each));
  }
}
