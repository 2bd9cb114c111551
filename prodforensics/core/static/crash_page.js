// The crash on one page: what died, the story of the thread that did, what was found, what the others did.

class CrashPage {
  constructor(view) {
    Object.assign(this, { view });
    const { kernel, say, fail, signal } = view;
    this.story = new Drawn({
      label: "The stack of the thread that crashed",
      load: async (width) => {
        const answer = await kernel.ask("story", { width });
        this.thread = answer.thread;
        return answer;
      },
      pick: (frame) => view.open(this.thread, frame),
      at: ({ title }) => say(title),
      fail: (error) => this.without(this.story, error),
      signal,
    });
    this.others = new Drawn({
      label: "What the other threads did",
      load: (width) => kernel.ask("others", { width }),
      pick: (group) => view.openGroup(group),
      at: ({ title }) => say(title),
      fail: (error) => this.without(this.others, error),
      signal,
    });
    this.head = make("div", { class: "pf-crash-head" });
    this.found = make("div", { class: "pf-found pf-found-all" });
    const part = (title, ...children) => make("section", { "aria-label": title }, make("h4", {}, title), children);
    this.panel = panel(
      make(
        "div",
        { class: "pf-scroll-box pf-crash" },
        this.head,
        part("What was found, and what to do next", this.found),
        part("The story of the thread that crashed", this.story.element),
        part("What the other threads did", this.others.element),
      ),
    );
  }

  // A part that cannot be told says why, where it would stand; the others stay.
  without(drawn, error) {
    const words = error.hint ? `${error.message} \u2192 ${error.hint}` : error.message;
    drawn.element.replaceChildren(make("p", { class: "pf-note" }, words));
  }

  async fill() {
    const { kernel } = this.view;
    const { headline, facts, command, gaps } = await kernel.ask("crash");
    this.head.replaceChildren(
      make("p", { class: "pf-crash-line" }, headline),
      make(
        "dl",
        { class: "pf-facts" },
        facts.map(([label, value]) => make("div", {}, make("dt", {}, label), make("dd", {}, value))),
      ),
      ...[command && make("p", { class: "pf-soft" }, "command: ", make("code", {}, command))].filter(Boolean),
      ...gaps.map((words) => make("p", { class: "pf-mark-bad" }, `\u25b2 ${words}`)),
    );
    await Promise.all([this.findings(), this.story.reload(), this.others.reload()]);
  }

  async findings() {
    try {
      const { rows } = await this.view.kernel.ask("findings");
      const lead = ({ proofs }) => proofs.map((proof) => ({ label: proof.label, act: () => this.view.lead(proof) }));
      this.found.replaceChildren(...findingsList(rows, lead));
      if (!rows.length) this.found.append(make("p", { class: "pf-note" }, "\u2713 Nothing suspicious found."));
    } catch (error) {
      this.found.replaceChildren(make("p", { class: "pf-note" }, error.message));
    }
  }
}
