// Marks on a copy of a snapshot: arrows, boxes and words, drawn over its picture, or entered as numbers.
function wbMarks(ui, save, drafts) {
  const {h, svg} = wb;
  let marks = [], drag = null, snapshot = "", saving = false;
  const img = h("img", {class: "wb-evidence-image", alt: "", draggable: false});
  const layer = svg("svg", {class: "wb-evidence-layer", viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true"});
  const kind = h("select", {"aria-label": "Kind of mark"}, ["arrow", "box", "text"].map((v) => h("option", {value: v}, v)));
  const color = h("input", {type: "color", value: "#e31e1e", "aria-label": "Colour of the mark"}), text = h("input", {type: "text", "aria-label": "Words of a text mark", size: 20, maxLength: 200});
  const numbers = ["x1 %", "y1 %", "x2 %", "y2 %"].map((word) => h("input", {type: "number", min: 0, max: 100, step: "any", "aria-label": word, placeholder: word}));
  const list = h("ul", {}), box = h("div", {class: "wb-evidence-canvas"}, img, layer);
  const done = h("button", {type: "button", onclick: file}, "Save as a marked copy");
  const el = h("div", {class: "wb-evidence-marks", hidden: true}, box, h("div", {class: "wb-row"}, kind, color, text, ...numbers,
    h("button", {type: "button", onclick: () => { const [a, b, c, d] = numbers.map((n) => Number(n.value) / 100); add([a, b], [c, d]); }}, "Add mark"), done,
    h("button", {type: "button", onclick: () => { el.hidden = true; }}, "Close")), list);
  const at = (event) => { const r = box.getBoundingClientRect(); return [event.clientX - r.left, event.clientY - r.top].map((v, n) => Math.min(1, Math.max(0, v / [r.width, r.height][n]))); };
  function add(a, b) {
    if (kind.value === "text") { if (!text.value.trim()) { ui.say("Write the words first."); return; } marks.push({kind: "text", at: a, text: text.value, color: color.value}); }
    else marks.push({kind: kind.value, from: a, to: b, color: color.value});
    kept();
  }
  // Marks that belong to no copy yet are kept as words are.
  function kept() { drafts.put(`marks:${snapshot}`, marks.length ? JSON.stringify(marks) : ""); draw(); }
  function held(words) { try { return JSON.parse(words || "[]"); } catch { return []; } }
  function file() {
    const of = snapshot, given = marks.map((m) => JSON.stringify(m));
    saving = true; draw();
    save(of, [...marks]).then(() => filed(of, given), () => undefined).finally(() => { saving = false; draw(); });
  }
  // What was drawn meanwhile, on that snapshot or on another one, stays.
  function filed(of, given) {
    const rest = held(drafts.words(`marks:${of}`)).filter((m) => !given.includes(JSON.stringify(m)));
    drafts.put(`marks:${of}`, rest.length ? JSON.stringify(rest) : "");
    if (snapshot === of) marks = rest;
  }
  box.addEventListener("pointerdown", (event) => { drag = at(event); box.setPointerCapture(event.pointerId); event.preventDefault(); });
  box.addEventListener("pointerup", (event) => { if (!drag) return; const b = at(event); if (kind.value === "text" || Math.hypot(b[0] - drag[0], b[1] - drag[1]) > 0.01) add(drag, b); drag = null; });
  function draw() {
    layer.replaceChildren(...marks.map((m) => {
      const s = {stroke: m.color, "stroke-width": 3, fill: "none", "vector-effect": "non-scaling-stroke"};
      if (m.kind === "text") return svg("text", {x: m.at[0] * 1000, y: m.at[1] * 1000, fill: m.color, "font-size": 40}, m.text);
      const [ax, ay] = m.from.map((v) => v * 1000), [bx, by] = m.to.map((v) => v * 1000);
      return m.kind === "box" ? svg("rect", {...s, x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(bx - ax), height: Math.abs(by - ay)}) : svg("path", {...s, d: `M${ax},${ay}L${bx},${by}`, "marker-end": ""});
    }));
    list.replaceChildren(...marks.map((m, n) => h("li", {}, m.kind === "text" ? `text “${m.text}”` : m.kind, " ", h("button", {type: "button", "aria-label": `Remove mark ${n + 1}`, onclick: () => { marks.splice(n, 1); kept(); }}, "Remove"))));
    done.disabled = saving || !marks.length;
  }
  return {el, open(id, url, words) { snapshot = id; marks = held(words); img.src = url; img.alt = `Snapshot ${id}`; el.hidden = false; draw(); }};
}
