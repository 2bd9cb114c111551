// A view without a kernel: in a report the answers to its questions stand in the page, packed.

async function unpacked(text) {
  const bytes = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(stream).arrayBuffer());
}

// Stands where a widget's model stands: {ask, values, answer, buffers} for each question foreseen.
class RecordedModel {
  constructor(records, buffers, twin) {
    Object.assign(this, { records, buffers, twin, heard: new Set() });
  }

  get(name) {
    return name === "twin" ? this.twin : undefined;
  }

  on(event, act) {
    this.heard.add(act);
  }

  off(event, act) {
    this.heard.delete(act);
  }

  send(message) {
    const meant = ({ ask, values }) =>
      ask === message.ask && Object.entries(values).every(([name, value]) => message[name] === value);
    const found = this.records.find(meant);
    const reply = found
      ? { ...found.answer, id: message.id }
      : { id: message.id, error: "The report does not hold this.", hint: "explore the file in a notebook" };
    const buffers = (found?.buffers ?? []).map((place) => this.buffers[place]);
    queueMicrotask(() => this.heard.forEach((act) => act(reply, buffers)));
  }
}

async function mountRecorded(program, render) {
  for (const box of document.querySelectorAll(`[data-pf-program="${program}"]`)) {
    try {
      const { records, packed } = JSON.parse(box.querySelector('script[type="application/json"]').textContent);
      const buffers = await Promise.all(packed.map(unpacked));
      const model = new RecordedModel(records, buffers, box.querySelector("[data-pf-twin]").dataset.pfTwin);
      const el = document.createElement("div");
      box.append(el);
      await render({ model, el });
    } catch (error) {
      // The picture stays.
      console.error(error);
    }
  }
}
