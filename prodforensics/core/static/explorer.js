// The explorer of a core dump: the crash, the threads, the locks, the memory.

class CoreExplorer extends TabbedExplorer {
  constructor(context) {
    super(context, "Core dump explorer");
    this.past = [];
    this.frame.element.addEventListener("keydown", (event) => this.key(event));
  }

  async start() {
    try {
      this.about = await this.kernel.ask("about");
      this.build();
      this.say("/ searches threads \u00b7 arrows walk, Enter opens \u00b7 Alt+\u2190 goes back");
      this.pages.choose("crash");
    } catch (error) {
      this.fail(error);
    }
  }

  build() {
    const { threads, modules, name, headline } = this.about;
    this.threads = new ThreadsPage(this);
    const pages = [
      { key: "crash", title: "Crash", page: new CrashPage(this) },
      { key: "threads", title: `Threads (${count(threads)})`, page: this.threads },
      { key: "locks", title: "Locks", page: new LocksPage(this) },
      { key: "memory", title: "Memory", page: new MemoryPage(this) },
      { key: "modules", title: `Modules (${count(modules)})`, page: new ModulesPage(this) },
      { key: "secrets", title: "Secrets", page: new SecretsPage(this) },
    ].map(({ page, ...more }) => ({ ...more, panel: page.panel, fill: () => page.fill() }));
    this.openPages("Views of the core dump", pages, headline, `${name}\n${headline}`);
  }

  key(event) {
    if (event.key === "/" && !isTyping(event)) {
      this.go("threads");
      this.threads.search.focus();
    } else if (event.key === "ArrowLeft" && event.altKey) {
      const before = this.past.pop();
      if (before) {
        this.pages.choose(before);
        this.pages.current.tab.focus();
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  go(tab) {
    if (this.pages.current?.key !== tab) this.past.push(this.pages.current.key);
    const page = this.pages.pages.find(({ key }) => key === tab);
    // What is asked for is chosen, not what a fresh tab would choose.
    if (tab === "threads") this.threads.thread ??= -1;
    this.pages.choose(page);
  }

  // A thread, and the frame of it where it waits or crashed.
  async open(thread, frame) {
    this.go("threads");
    await this.threads.show(thread, frame ?? 0, true).catch(this.fail);
  }

  async openGroup(group) {
    this.go("threads");
    await this.threads.showGroup(group).catch(this.fail);
  }

  // From a finding to its proof.
  lead({ tab, thread, frame }) {
    if (thread != null) return this.open(thread, frame);
    this.go(tab);
  }
}

function render(context) {
  new CoreExplorer(context).start();
}

export default { render };
