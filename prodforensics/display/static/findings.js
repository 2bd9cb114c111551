// Findings above a view: each opens to its reason, the next step, and a way to what proves it.

const VERDICTS = { likely: "\u2716 likely", possible: "\u25b2 possible", cleared: "\u2713 cleared" };

// show(finding) -> {label, act} of the button that leads to the proof, several of them, or nothing.
function findingsList(rows, show) {
  return rows.map((finding, place) => {
    const proofs = [show(finding) || []].flat();
    return make(
      "details",
      { open: place === 0 && finding.verdict === "likely" },
      make(
        "summary",
        {},
        make(
          "span",
          { class: `pf-badge pf-${finding.verdict}` },
          VERDICTS[finding.verdict] ?? finding.verdict,
        ),
        finding.title,
      ),
      make("p", {}, finding.why),
      finding.next_step && make("p", {}, "\u2192 ", finding.next_step),
      proofs.map(({ label, act }) => make("button", { type: "button", class: "pf-chip", onclick: act }, label)),
    );
  });
}
