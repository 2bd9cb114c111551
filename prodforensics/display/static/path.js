// A path through a graph, with what else leads to its last nodes.

// The retaining path as boxes from the root (top) to the object (bottom); left of each box the edge
// that leads to it, right of it what else holds it. A step is a row with, beyond the root, its edge:
// {name, id, retained, edge: {text, kind, index, weak}, chain, others, others_total}.
function pathGraph({ steps, whole, describe, pick, ignore }) {
  const [edgeEnd, left, wide, box, pitch, side, sideWide] = [244, 268, 400, 24, 36, 716, 330];
  const shapes = [];
  let top = 6;
  const edgeOf = (step, below) => {
    const words = step.chain ? `\u00d7${count(step.chain)} ${step.edge.text}` : step.edge.text;
    const middle = top + box / 2;
    return [
      draw("path", {
        d: `M${left} ${below - 7}H${left - 16}V${middle}H${left - 3}`,
        class: `pf-arrow${step.edge.weak ? " pf-weak" : ""}`,
        "marker-end": "url(#pf-tip)",
      }),
      draw(
        "text",
        { x: edgeEnd, y: middle + 4, "text-anchor": "end", class: "pf-edge" },
        draw(
          "title",
          {},
          `${step.edge.kind}: ${step.edge.text}${step.chain ? `, ${count(step.chain)} times in a row` : ""}`,
        ),
        fits(words, edgeEnd - 70),
      ),
      ignore &&
        draw(
          "g",
          {
            class: "pf-button",
            ...pressable(`Ignore the retainer ${step.edge.text} of ${step.name}`, () => ignore(step)),
          },
          draw("rect", { x: 4, y: middle - 9, width: 56, height: 18, rx: 9 }),
          draw("text", { x: 32, y: middle + 4, "text-anchor": "middle" }, "\u2715 ignore"),
        ),
    ];
  };
  let below = 0;
  steps.forEach((step, place) => {
    const { others = [], others_total: total = 0 } = step;
    if (place) shapes.push(edgeOf(step, below));
    const name = describe(step);
    const size = bytes(step.retained);
    const role = place === steps.length - 1 ? " pf-goal" : place ? "" : " pf-root";
    shapes.push(
      draw(
        "g",
        { class: `pf-box${role}`, ...pressable(`${name} @${step.id}, retains ${size}`, () => pick(step)) },
        draw("title", {}, `${step.name}\n@${step.id}\nretains ${size} (${percent(step.retained, whole)})`),
        draw("rect", { x: left, y: top, width: wide, height: box, rx: 4 }),
        draw(
          "text",
          { x: left + 10, y: top + 16 },
          fits(name, wide - 160),
          draw("tspan", { class: "pf-id" }, `  @${step.id}`),
        ),
        draw("text", { x: left + wide - 10, y: top + 16, "text-anchor": "end", class: "pf-soft" }, size),
      ),
    );
    others.forEach((other, order) => {
      const at = top + order * 24;
      shapes.push(
        draw("path", {
          d: `M${side} ${at + 12}C${side - 24} ${at + 12} ${left + wide + 26} ${top + 12} ${left + wide + 3} ${top + 12}`,
          class: "pf-arrow pf-other",
          "marker-end": "url(#pf-tip)",
        }),
        draw(
          "g",
          {
            class: "pf-box pf-other",
            ...pressable(`Also held by ${describe(other)} @${other.id} through ${other.edge.text}`, () =>
              pick(other),
            ),
          },
          draw("title", {}, `${other.name}\n@${other.id}\n${other.edge.kind}: ${other.edge.text}`),
          draw("rect", { x: side, y: at + 2, width: sideWide, height: 20, rx: 4 }),
          draw(
            "text",
            { x: side + 8, y: at + 16 },
            fits(`${other.edge.text} in ${describe(other)} @${other.id}`, sideWide - 12),
          ),
        ),
      );
    });
    const rest = total - others.length;
    if (rest > 0)
      shapes.push(
        draw(
          "text",
          { x: side + 8, y: top + others.length * 24 + 14, class: "pf-soft" },
          `+ ${count(rest)} more retainer${rest > 1 ? "s" : ""}`,
        ),
      );
    below = top + box;
    top += Math.max(pitch, others.length * 24 + (rest > 0 ? 22 : 6));
  });
  const tip = draw(
    "marker",
    {
      id: "pf-tip",
      viewBox: "0 0 8 8",
      refX: 7,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: "auto-start-reverse",
    },
    draw("path", { d: "M0 0L8 4L0 8z", class: "pf-tip" }),
  );
  const width = steps.some(({ others = [] }) => others.length) ? side + sideWide + 8 : left + wide + 8;
  return draw(
    "svg",
    {
      class: "pf-path",
      width,
      height: top,
      viewBox: `0 0 ${width} ${top}`,
      role: "group",
      "aria-label": "Retaining path from the root to the object",
    },
    draw("defs", {}, tip),
    shapes.flat(),
  );
}
