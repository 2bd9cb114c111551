// A flame graph that is a file of its own: search, zoom, keys. Works on the bars that
// prodforensics.display.flame_svg drew: <g><title>name: numbers</title><rect/><text/></g>.
(() => {
  "use strict";
  const root = document.documentElement;
  const picture = root.querySelector("svg");
  const width = picture.viewBox.baseVal.width;
  const character = 6.7;
  const input = document.getElementById("search");
  const matched = document.getElementById("matched");
  const details = document.getElementById("details");
  const reset = document.getElementById("reset");

  const bars = [...picture.querySelectorAll("g")].map((group) => {
    const rect = group.querySelector("rect");
    const title = group.querySelector("title").textContent;
    const [x, y, drawn] = ["x", "y", "width"].map((name) => Number(rect.getAttribute(name)));
    const w = drawn > 0.5 ? drawn + 0.5 : drawn; // without the line between neighbours
    const name = title.slice(0, title.lastIndexOf(": "));
    return { group, rect, title, name, x, y, w, text: group.querySelector("text") };
  });
  const runs = [...picture.querySelectorAll("path")];
  let focused = null;

  function write(bar, x, w) {
    const room = Math.floor((w - 6) / character);
    if (room < 3) {
      if (bar.text) bar.text.textContent = "";
      return;
    }
    if (!bar.text) {
      bar.text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      bar.text.setAttribute("y", bar.y + 13);
      bar.group.append(bar.text);
    }
    bar.text.setAttribute("x", x + 3);
    bar.text.textContent = bar.name.length > room ? bar.name.slice(0, room - 1) + "…" : bar.name;
  }

  function zoom(to) {
    const from = to ? to.x : 0;
    const scale = to ? width / to.w : 1;
    for (const bar of bars) {
      const over = to && bar.y < to.y && bar.x <= to.x + 0.1 && bar.x + bar.w >= to.x + to.w - 1;
      const left = over ? 0 : (bar.x - from) * scale;
      const wide = over ? width : bar.w * scale;
      const seen = over || (left + wide > 0.5 && left < width - 0.5 && (!to || bar.y >= to.y));
      bar.group.style.display = seen ? "" : "none";
      bar.group.classList.toggle("pf-over", Boolean(over));
      if (!seen) continue;
      const begin = Math.max(left, 0);
      bar.rect.setAttribute("x", begin);
      const across = Math.min(left + wide, width) - begin;
      bar.rect.setAttribute("width", Math.max(across - 0.5, 0.5));
      write(bar, begin, across);
    }
    for (const run of runs) {
      run.setAttribute("transform", `matrix(${scale} 0 0 1 ${-from * scale} 0)`);
    }
    reset.style.display = to ? "" : "none";
  }

  function search() {
    let test = null;
    matched.textContent = "";
    input.classList.remove("pf-wrong");
    if (input.value) {
      try {
        test = new RegExp(input.value, "i");
      } catch {
        input.classList.add("pf-wrong");
        matched.textContent = "not a regular expression";
      }
    }
    const found = bars.filter((bar) => {
      const hit = test !== null && test.test(bar.name);
      bar.group.classList.toggle("pf-hit", hit);
      return hit;
    });
    if (!test) return;
    // What stands on a bar that was counted is part of it.
    let covered = 0;
    let sum = 0;
    for (const bar of found.sort((a, b) => a.x - b.x || b.w - a.w)) {
      const begin = Math.max(bar.x, covered);
      const end = bar.x + bar.w;
      if (end > begin) sum += end - begin;
      covered = Math.max(covered, end);
    }
    matched.textContent = `matched: ${((100 * sum) / width).toFixed(1)} %`;
  }

  function focus(bar) {
    if (!bar) return;
    if (focused) focused.group.setAttribute("tabindex", "-1");
    focused = bar;
    bar.group.setAttribute("tabindex", "0");
    bar.group.focus();
    details.textContent = bar.title;
  }

  function beside(bar, key) {
    const shown = bars.filter((one) => one.group.style.display !== "none");
    const middle = (one) => Number(one.rect.getAttribute("x"));
    const here = middle(bar);
    const row = (y) => shown.filter((one) => one.y === y);
    const step = row(bar.y).indexOf(bar);
    const heights = [...new Set(shown.map((one) => one.y))].sort((a, b) => a - b);
    const level = heights.indexOf(bar.y);
    if (key === "ArrowLeft") return row(bar.y)[step - 1];
    if (key === "ArrowRight") return row(bar.y)[step + 1];
    if (key === "ArrowUp") return row(heights[level - 1]).findLast((one) => middle(one) <= here + 1);
    return row(heights[level + 1]).find((one) => middle(one) >= here - 1);
  }

  for (const bar of bars) {
    bar.group.setAttribute("tabindex", "-1");
    bar.group.addEventListener("click", () => zoom(bar));
    bar.group.addEventListener("mouseenter", () => (details.textContent = bar.title));
    bar.group.addEventListener("mouseleave", () => (details.textContent = ""));
    bar.group.addEventListener("keydown", (event) => {
      if (event.key === "Enter") zoom(bar);
      else if (event.key.startsWith("Arrow")) focus(beside(bar, event.key));
      else return;
      event.preventDefault();
    });
  }
  if (bars.length) {
    focused = bars[0];
    focused.group.setAttribute("tabindex", "0");
  }
  reset.style.display = "none";
  reset.addEventListener("click", () => zoom(null));
  input.addEventListener("input", search);
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      zoom(null);
      input.value = "";
      search();
    } else if (event.key === "/" && event.target !== input) {
      input.focus();
      event.preventDefault();
    }
  });
})();
