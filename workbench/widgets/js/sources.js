// Cameras: a table with a box for each, found as one types. Thumbnails are fetched for rows in sight only.
export default wb.view("Cameras", (ui) => {
  const {h} = wb;
  const pictures = new Map(), asked = new Set();
  const search = h("input", {type: "search", name: "search", autocomplete: "off", spellcheck: false, oninput: () => sift()});
  const all = h("button", {type: "button", onclick: () => choose([...new Set([...chosen(), ...found().map((c) => c.id)])])}, "Choose all found");
  const none = h("button", {type: "button", onclick: () => choose([])}, "Choose none");
  const again = h("button", {type: "button", onclick: () => { ui.say("Looking through the archive …"); ui.ask("list"); }}, "Look again");
  const rows = h("tbody");
  const table = h("table", {class: "wb-sources-table"},
    h("caption", {class: "wb-hidden"}, "Cameras of the archive"),
    h("thead", {}, h("tr", {}, ["Chosen", "Picture", "Camera", "Recorded", "Clock"].map((word) => h("th", {scope: "col"}, word)))), rows);
  ui.add(h("h2", {}, "Cameras"), h("div", {class: "wb-row"}, wb.field("Search cameras", search, "search"), all, none, again),
    h("div", {class: "wb-sources-box", tabIndex: 0, role: "group", "aria-label": "List of cameras"}, table));

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const id = entry.target.dataset.source;
      if (entry.isIntersecting && !asked.has(id)) { asked.add(id); ui.ask("thumb", {source: id}, {quiet: true}).then((there) => { if (!there) none_of(id); }, () => none_of(id)); }
    }
  });
  ui.cleanup(() => { seen.disconnect(); for (const url of pictures.values()) URL.revokeObjectURL(url); });
  const none_of = (id) => { const slot = slotOf(id); if (slot) slot.replaceChildren(h("span", {class: "wb-sources-none"}, "no picture")); };
  const slotOf = (id) => [...rows.querySelectorAll("td.wb-sources-picture")].find((one) => one.dataset.source === id);
  ui.on("thumb", (what, buffers) => {
    const url = URL.createObjectURL(new Blob([buffers[0]], {type: "image/jpeg"}));
    if (pictures.has(what.source)) URL.revokeObjectURL(pictures.get(what.source));
    pictures.set(what.source, url);
    const slot = slotOf(what.source);
    if (slot) slot.replaceChildren(h("img", {src: url, alt: "", width: 96}));
  });

  const cameras = () => ui.shown.cameras || [];
  const chosen = () => ui.shown.chosen || [];
  const words = (c) => `${c.name} ${c.id} ${c.zone} ${c.notes.join(" ")}`.toLowerCase();
  const found = () => { const q = search.value.trim().toLowerCase().split(/\s+/); return cameras().filter((c) => q.every((one) => words(c).includes(one))); };
  const choose = (sources) => ui.ask("choose", {sources});

  function recorded(c) {
    if (c.first === null) return ["nothing that can be read"];
    const how = {dated: c.dated, zone: c.zone, digits: 0};
    const span = c.dated ? `${wb.time(c.first, how)} to ${wb.time(c.last, how)}` : `${wb.span(c.last - c.first)}, nobody says when`;
    return [span, h("br"), h("small", {}, c.files === null ? "not looked through yet" : `${c.files} file${c.files === 1 ? "" : "s"}`, c.dated && c.by ? `, dated by ${c.by}` : "",
      c.assumed ? h("strong", {}, ", zone assumed") : "")];
  }
  function row(c) {
    const box = h("input", {type: "checkbox", "aria-label": `Choose ${c.name}`, "data-id": c.id});
    box.addEventListener("change", () => choose(box.checked ? [...chosen(), c.id] : chosen().filter((one) => one !== c.id)));
    const picture = h("td", {class: "wb-sources-picture"});
    picture.dataset.source = c.id;
    if (pictures.has(c.id)) picture.append(h("img", {src: pictures.get(c.id), alt: "", width: 96}));
    seen.observe(picture);
    const shown = h("button", {type: "button", class: "wb-sources-name", onclick: () =>
      (chosen().includes(c.id) ? Promise.resolve() : choose([...chosen(), c.id])).then(() => ui.ask("show", {source: c.id}))}, c.name);
    const tr = h("tr", {}, h("td", {}, box), picture,
      h("td", {}, shown, c.id === c.name ? "" : h("small", {}, ` ${c.id}`),
        c.notes.length ? h("details", {}, h("summary", {}, `${c.notes.length} note${c.notes.length === 1 ? "" : "s"}`), h("ul", {}, c.notes.map((n) => h("li", {}, n)))) : ""),
      h("td", {}, recorded(c)),
      h("td", {class: "wb-sources-clock", "data-state": c.clock.state}, c.clock.words));
    tr.dataset.source = c.id;
    return tr;
  }
  function sift() {
    const there = new Set(found().map((c) => c.id));
    for (const tr of rows.children) tr.hidden = !there.has(tr.dataset.source);
    say();
  }
  function say() {
    if (ui.shown.cameras === null) { ui.say("Looking through the archive …"); return; }
    const notes = ui.shown.notes || [];
    ui.say([`${chosen().length} of ${cameras().length} cameras chosen, ${found().length} found.`, ...notes].join(" "));
  }
  let known = "";
  ui.draw((shown) => {
    const now = JSON.stringify(shown.cameras);
    if (now !== known) { known = now; seen.disconnect(); rows.replaceChildren(...cameras().map(row)); }
    for (const tr of rows.children) {
      const on = chosen().includes(tr.dataset.source);
      tr.querySelector("input").checked = on;
      tr.dataset.chosen = String(on);
      tr.querySelector("button").setAttribute("aria-pressed", String(tr.dataset.source === shown.shown));
    }
    sift();
  });
});
