// Where picture, comment and stamp go on a page: four numbers each, in percent of the page, and a sketch of it.
function wbPage(ui, set) {
  const {h, svg} = wb;
  const kinds = [["snapshot_area", "Picture"], ["comment_area", "Comment"], ["stamp_area", "Time stamp"]];
  const sides = ["left", "top", "right", "bottom"];
  const sketch = svg("svg", {class: "wb-export-page", role: "img", "aria-label": "Sketch of the page", preserveAspectRatio: "none"});
  const rows = new Map();
  function row(name, words) {
    const inputs = sides.map((side) => h("input", {type: "number", min: 0, max: 100, step: "any", "aria-label": `${words}: ${side}, percent of the page`, placeholder: side, onchange: () => send(name, inputs)}));
    const clear = h("button", {type: "button", "aria-label": `${words}: where it usually goes`, onclick: () => { inputs.forEach((one) => { one.value = ""; }); set(name, null); }}, "usual place");
    rows.set(name, inputs);
    return h("div", {class: "wb-row", "data-field": name, role: "group", "aria-label": `${words} on the page`}, h("span", {class: "wb-export-side"}, `${words} %`), inputs, clear, h("span", {class: "wb-wrong", role: "alert"}));
  }
  // Sent when all four stand there: a corner alone is no area.
  function send(name, inputs) {
    if (inputs.some((one) => one.value === "")) { if (inputs.every((one) => one.value === "")) set(name, null); return; }
    const [x0, y0, x1, y1] = inputs.map((one) => Number(one.value) / 100);
    set(name, [[x0, y0], [x1, y1]]);
  }
  const el = h("div", {class: "wb-export-places"}, kinds.map(([name, words]) => row(name, words)), sketch);
  function draw(options) {
    const across = options.layout === "landscape", [wide, high] = across ? [141, 100] : [100, 141];
    sketch.setAttribute("viewBox", `0 0 ${wide} ${high}`);
    sketch.style.width = `${wide}px`; sketch.style.height = `${high}px`;
    const boxes = [];
    for (const [name, words] of kinds) {
      const area = options[name], inputs = rows.get(name);
      if (!inputs.includes(document.activeElement)) inputs.forEach((one, n) => { one.value = area ? +(area[n >> 1][n % 2] * 100).toFixed(4) : one.value && inputs.every((i) => i.value !== "") ? "" : one.value; });
      if (!area) continue;
      const [[x0, y0], [x1, y1]] = area, x = Math.min(x0, x1) * wide, y = Math.min(y0, y1) * high;
      boxes.push(svg("rect", {x, y, width: Math.abs(x1 - x0) * wide, height: Math.abs(y1 - y0) * high}), svg("text", {x: x + 2, y: y + 9, "font-size": 8}, words));
    }
    sketch.replaceChildren(...boxes);
  }
  return {el, draw};
}
