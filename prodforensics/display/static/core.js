// What every widget needs: elements, numbers written for people, and questions to the kernel.
// The files of this folder are joined into one module; strings of an artifact only ever become
// text nodes and attribute values, never markup.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG_NAMESPACE, tag), attributes, children);

const MINUS = "\u2212";
const sign = (value, signed) => (value < 0 ? MINUS : signed && value > 0 ? "+" : "");

function bytes(size, signed = false) {
  let value = Math.abs(size);
  let unit = "B";
  for (const larger of ["kB", "MB", "GB", "TB"]) {
    if (value < 999.5) break;
    value /= 1000;
    unit = larger;
  }
  const digits = unit === "B" || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${sign(size, signed)}${value.toFixed(digits)}\u00a0${unit}`;
}

function duration(value, signed = false) {
  const size = Math.abs(value);
  const start = sign(value, signed);
  if (size >= 3600e9) return `${start}${count(Math.floor(size / 3600e9))}\u00a0h\u00a0${Math.round(size / 60e9) % 60}\u00a0min`;
  if (size >= 60e9) return `${start}${Math.floor(size / 60e9)}\u00a0min\u00a0${Math.floor(size / 1e9) % 60}\u00a0s`;
  for (const [unit, scale] of [["s", 1e9], ["ms", 1e6], ["\u00b5s", 1e3]]) {
    if (size >= scale) return `${start}${Number((size / scale).toPrecision(3))}\u00a0${unit}`;
  }
  return `${start}${Math.round(size)}\u00a0ns`;
}

// How values of a unit are written for people.
const writer = (unit) => ({ ns: duration, bytes })[unit] ?? ((value, signed) => count(round(value), signed));
const round = (value) => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

const count = (value, signed = false) => sign(value, signed) + Math.abs(value).toLocaleString("en-US");

function percent(part, whole) {
  if (!whole) return "";
  const share = (100 * part) / whole;
  return share !== 0 && Math.abs(share) < 0.1 ? "<0.1%" : `${share.toFixed(share < 10 ? 1 : 0)}%`;
}

const shorten = (text, length) =>
  text.length <= length ? text : `${text.slice(0, Math.max(1, length - 1))}\u2026`;

function debounce(action, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}

const isTyping = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);

// One question a message, {id, ask, ...}; one answer, {id, ...} or {id, error, hint}. Every view of
// a model hears every answer, so ids start with a mark of the view that asked.
class Kernel {
  constructor(model, signal) {
    this.model = model;
    this.mark = Math.random().toString(36).slice(2);
    this.asked = 0;
    this.waiting = new Map();
    this.answered = false;
    this.onwait = () => {};
    this.onanswer = () => {};
    const hear = (message, buffers) => this.hear(message, buffers);
    model.on("msg:custom", hear);
    signal?.addEventListener("abort", () => model.off("msg:custom", hear));
  }

  ask(question, values = {}) {
    const id = `${this.mark}.${++this.asked}`;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.onwait(this.waiting.size);
      this.model.send({ ...values, id, ask: question });
    });
  }

  // What is large comes as buffers beside the message.
  hear(message, buffers = []) {
    const asked = this.waiting.get(message?.id);
    if (!asked) return;
    this.waiting.delete(message.id);
    this.onwait(this.waiting.size);
    if (!this.answered) {
      this.answered = true;
      this.onanswer();
    }
    if (message.error === undefined) asked.resolve(buffers.length ? { ...message, buffers } : message);
    else {
      asked.reject(Object.assign(new Error(message.error), { hint: message.hint ?? "" }));
    }
  }
}

// The frame of every widget: a bar with title and tools, a status line that is read aloud, and the
// wait for a kernel. A static twin elsewhere in the page is hidden once the kernel has answered.
class Frame {
  constructor({ model, el, signal }, label) {
    this.kernel = new Kernel(model, signal);
    this.model = model;
    this.status = make("div", { class: "pf-status", role: "status", "aria-live": "polite" });
    this.bar = make("div", { class: "pf-bar" });
    this.body = make("div", { class: "pf-view" });
    this.element = make(
      "section",
      { class: "pf-widget", "aria-label": label },
      this.bar,
      this.body,
      this.status,
    );
    // JupyterLab's one-letter shortcuts select whatever has the focus, so the mark that keeps them
    // away must stand on the focused element itself.
    this.element.addEventListener("focusin", ({ target }) =>
      target.setAttribute("data-lm-suppress-shortcuts", "true"),
    );
    el.classList.add("pf");
    el.append(this.element);
    let slow = 0;
    this.kernel.onwait = (waiting) => {
      clearTimeout(slow);
      this.element.toggleAttribute("aria-busy", waiting > 0);
      if (waiting) slow = setTimeout(() => this.say("Waiting for the kernel\u2026"), 700);
      else if (this.status.textContent.startsWith("Waiting")) this.say("");
    };
    const twins = () => document.querySelectorAll(`[data-pf-twin="${CSS.escape(model.get("twin") ?? "")}"]`);
    this.kernel.onanswer = () => {
      clearTimeout(silence);
      this.element.hidden = false;
      for (const twin of twins()) (twin.closest(".jp-OutputArea-child") ?? twin).style.display = "none";
    };
    const silence = setTimeout(() => {
      if (twins().length) this.element.hidden = true;
      else this.fail(new Error("No kernel answers. Run the cell again to explore."));
    }, 6000);
    signal?.addEventListener("abort", () => [silence, slow].forEach(clearTimeout));
  }

  say(text) {
    this.status.classList.remove("pf-error");
    this.status.textContent = text;
  }

  fail(error) {
    this.status.textContent = error.hint ? `${error.message} \u2192 ${error.hint}` : error.message;
    this.status.classList.add("pf-error");
  }
}

// Tabs after the WAI-ARIA pattern: arrows move, the chosen one alone is in the tab order.
class Tabs {
  constructor(label, pages) {
    this.pages = pages;
    this.list = make("div", { class: "pf-tabs", role: "tablist", "aria-label": label });
    this.onchange = () => {};
    const group = Math.random().toString(36).slice(2);
    for (const page of pages) {
      page.tab = make(
        "button",
        { type: "button", role: "tab", id: `${group}-${page.key}`, onclick: () => this.choose(page) },
        page.title,
      );
      page.panel.setAttribute("role", "tabpanel");
      page.panel.setAttribute("aria-labelledby", page.tab.id);
      this.list.append(page.tab);
    }
    this.list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const place = this.pages.indexOf(this.current) + step + this.pages.length;
      this.choose(this.pages[place % this.pages.length]);
      this.current.tab.focus();
    });
  }

  choose(page) {
    const chosen = typeof page === "string" ? this.pages.find(({ key }) => key === page) : page;
    this.current = chosen;
    for (const other of this.pages) {
      other.tab.setAttribute("aria-selected", String(other === chosen));
      other.tab.tabIndex = other === chosen ? 0 : -1;
      other.panel.hidden = other !== chosen;
    }
    this.onchange(chosen);
  }
}

// A bar between two panes, moved with the pointer or with the arrow keys.
function splitter(above, below, label, start = 58) {
  let share = start;
  const bar = make("div", {
    class: "pf-splitter",
    role: "separator",
    tabindex: 0,
    "aria-orientation": "horizontal",
    "aria-label": label,
    "aria-valuemin": 15,
    "aria-valuemax": 85,
  });
  const set = (value) => {
    share = Math.min(85, Math.max(15, value));
    above.style.flexBasis = `${share}%`;
    below.style.flexBasis = `${100 - share}%`;
    bar.setAttribute("aria-valuenow", Math.round(share));
  };
  bar.addEventListener("pointerdown", (event) => bar.setPointerCapture(event.pointerId));
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const box = bar.parentElement.getBoundingClientRect();
    set((100 * (event.clientY - box.top)) / box.height);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -4, ArrowDown: 4 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    set(share + step);
  });
  set(share);
  return bar;
}

const panel = (...children) => make("div", { class: "pf-panel" }, children);
const tools = (...children) => make("div", { class: "pf-tools" }, children);

// Buttons of which one is pressed: [[key, title, explanation]].
function choice(label, options, act) {
  const buttons = options.map(([key, title, words]) =>
    make(
      "button",
      { type: "button", "aria-pressed": "false", title: words, onclick: () => press(key) },
      title,
    ),
  );
  const mark = (chosen) =>
    options.forEach(([key], place) => buttons[place].setAttribute("aria-pressed", String(key === chosen)));
  const press = (key) => {
    mark(key);
    act(key);
  };
  const element = make("div", { class: "pf-choice", role: "group", "aria-label": label }, buttons);
  if (options.length) mark(options[0][0]);
  return { element, press, mark };
}

function selection(label, options, act) {
  const box = make(
    "select",
    { class: "pf-filters", "aria-label": label, title: label, hidden: options.length < 2 },
    options.map(([value, title]) => make("option", { value }, title)),
  );
  box.addEventListener("change", () => act(options[box.selectedIndex][0]));
  return box;
}

function filterBox(label, placeholder, act) {
  const box = make("input", {
    type: "search",
    class: "pf-filter",
    "aria-label": label,
    placeholder,
    title: "Part of a name, or /a regular expression/",
    spellcheck: "false",
  });
  box.addEventListener(
    "input",
    debounce(() => act(box.value), 250),
  );
  return box;
}
