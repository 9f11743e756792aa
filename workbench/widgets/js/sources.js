// Cameras: a table with a box for each, found as one types. Thumbnails are fetched for rows in sight only, a few at a time.
export default wb.view("Cameras", (ui) => {
  const {h} = wb, AT_ONCE = 2;
  const pictures = new Map(), made = new Map(), drawn = new Map(), wanted = new Set(), sight = new Set();
  let under = 0, pending = null, asked = 0;
  const search = h("input", {type: "search", name: "search", autocomplete: "off", spellcheck: false, oninput: () => sift()});
  const all = h("button", {type: "button", onclick: () => choose([...new Set([...chosen(), ...found().map((c) => c.id)])])}, "Choose all found");
  const none = h("button", {type: "button", onclick: () => choose([])}, "Choose none");
  const again = h("button", {type: "button", onclick: () => { ui.say("Looking through the archive …"); ui.ask("list").catch(() => undefined); }}, "Look again");
  const rows = h("tbody");
  const table = h("table", {class: "wb-sources-table"},
    h("caption", {class: "wb-hidden"}, "Cameras of the archive"),
    h("thead", {}, h("tr", {}, h("th", {scope: "col"}, h("span", {class: "wb-hidden"}, "Chosen")),
      ["Picture", "Camera, when it recorded, its clock"].map((word) => h("th", {scope: "col"}, word)))), rows);
  const box = h("div", {class: "wb-sources-box", tabIndex: 0, role: "group", "aria-label": "List of cameras"}, table);
  ui.add(h("h2", {}, "Cameras"), h("div", {class: "wb-row"}, wb.field("Search cameras", search, "search"), all, none, again),
    box);

  // --- what there is ---
  const cameras = () => ui.shown.cameras || [];
  const chosen = () => pending || ui.shown.chosen || [];
  const words = (c) => `${c.name} ${c.id} ${c.zone} ${c.notes.join(" ")} ${c.clock.words}`.toLowerCase();
  const found = () => { const q = search.value.trim().toLowerCase().split(/\s+/); return cameras().filter((c) => q.every((one) => words(c).includes(one))); };
  // Boxes show at once what was asked for; the newest choice counts, and a refused one is taken back.
  function choose(sources) {
    const turn = ++asked;
    pending = sources;
    check();
    return ui.ask("choose", {sources}).finally(() => { if (turn === asked) { pending = null; check(); } });
  }

  // --- thumbnails: of what is laid on the pictures now, of the last listing ---
  const version = (id) => `${ui.shown.listed} ${(ui.shown.looks || {})[id]}`;
  const slotOf = (id) => [...rows.querySelectorAll("td.wb-sources-picture")].find((one) => one.dataset.source === id);
  function none_of(id, words, why = "") {
    const slot = slotOf(id);
    if (slot && !pictures.has(id)) slot.replaceChildren(h("span", {class: "wb-sources-none", title: why}, words));
  }
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) { if (entry.isIntersecting) sight.add(entry.target.dataset.source); else sight.delete(entry.target.dataset.source); }
    stale();
  });
  function stale() {
    for (const id of sight) if (made.get(id) !== version(id)) wanted.add(id);
    fetch_next();
  }
  function fetch_next() {
    while (under < AT_ONCE && wanted.size) {
      const id = wanted.values().next().value;
      wanted.delete(id);
      if (made.get(id) === version(id)) continue;
      made.set(id, version(id));
      under += 1;
      ui.ask("thumb", {source: id}, {quiet: true})
        .then((there) => { if (!there) none_of(id, "no picture"); }, (error) => none_of(id, "not shown, see why", error.what)).finally(() => { under -= 1; fetch_next(); });
    }
  }
  function forget(id) {
    if (pictures.has(id)) URL.revokeObjectURL(pictures.get(id).url);
    pictures.delete(id);
    const slot = slotOf(id);
    if (slot) slot.replaceChildren();
  }
  ui.cleanup(() => { seen.disconnect(); for (const one of pictures.values()) URL.revokeObjectURL(one.url); });
  ui.on("thumb", (what, buffers) => {
    if (what.look !== (ui.shown.looks || {})[what.source]) { made.delete(what.source); stale(); return; }
    forget(what.source);
    pictures.set(what.source, {look: what.look, url: URL.createObjectURL(new Blob([buffers[0]], {type: "image/jpeg"}))});
    const slot = slotOf(what.source);
    if (slot) slot.replaceChildren(image(what.source));
  });
  const image = (id) => h("img", {src: pictures.get(id).url, alt: "", width: 72, "data-look": pictures.get(id).look});

  // --- rows ---
  function recorded(c) {
    if (c.first === null) return h("div", {}, c.notes.length ? c.notes[c.notes.length - 1] : "nothing that can be read");
    const from = {dated: c.dated, zone: c.zone, digits: 0}, plain = (us) => wb.time(us, from).replace(` ${c.zone}`, "");
    const first = plain(c.first), last = plain(c.last), day = first.slice(0, 11);
    const until = c.dated && last.startsWith(day) ? last.slice(11) : last;
    return h("div", {}, `${first} – ${until}`);
  }
  // Zone and number of recordings; behind them, when opened, all else that is known.
  function more(c) {
    const known = [`Id: ${c.id}`, c.dated && c.by && `Dated by ${c.by}`, c.clock.words, ...c.notes].filter(Boolean);
    return h("details", {class: "wb-sources-more"}, h("summary", {"data-key": `more ${c.id}`}, c.dated ? c.zone : "undated", c.assumed ? h("strong", {}, " (zone assumed)") : "",
      c.files ? `, ${c.files} recording${c.files === 1 ? "" : "s"}` : "", c.known ? "" : h("em", {}, ", from the catalogue, not checked")),
    h("ul", {}, known.map((words) => h("li", {}, words))));
  }
  function cell(c) {
    const picture = h("td", {class: "wb-sources-picture"});
    picture.dataset.source = c.id;
    if (pictures.has(c.id)) picture.append(image(c.id));
    seen.observe(picture);
    return picture;
  }
  function row(c, picture) {
    const choice = h("input", {type: "checkbox", "aria-label": `Choose ${c.name}`, "data-id": c.id, "data-key": `choose ${c.id}`});
    choice.addEventListener("change", () => choose(choice.checked ? [...chosen(), c.id] : chosen().filter((one) => one !== c.id)).catch(() => undefined));
    const show = () => (chosen().includes(c.id) ? Promise.resolve() : choose([...chosen(), c.id])).then(() => ui.ask("show", {source: c.id})).catch(() => undefined);
    const tr = h("tr", {}, h("td", {}, choice), picture,
      h("td", {}, h("div", {class: "wb-sources-head"}, h("button", {type: "button", class: "wb-sources-name", "data-key": `show ${c.id}`, onclick: show}, c.name),
        h("span", {class: "wb-sources-clock", "data-state": c.clock.state, title: c.clock.words}, c.clock.short)),
        recorded(c), more(c)));
    tr.dataset.source = c.id;
    return tr;
  }
  // What is known of a camera may change with each look into the archive: the rest stays, and so does what was opened.
  function anew(c, old) {
    const tr = row(c, old ? old.querySelector(".wb-sources-picture") : cell(c));
    if (old) { tr.querySelector("details").open = old.querySelector("details").open; old.replaceWith(tr); }
    return tr;
  }
  function drop(tr) {
    seen.unobserve(tr.querySelector(".wb-sources-picture")); sight.delete(tr.dataset.source);
    tr.remove();
  }
  function drawRows() {
    const old = new Map([...rows.children].map((tr) => [tr.dataset.source, tr])), there = new Set(cameras().map((c) => c.id));
    for (const [id, tr] of old) if (!there.has(id)) drop(tr);
    let next = rows.firstElementChild;
    for (const c of cameras()) {
      const now = JSON.stringify(c), held = old.get(c.id), tr = held && drawn.get(c.id) === now ? held : anew(c, held);
      drawn.set(c.id, now);
      if (tr === next || (held && held === next)) next = tr.nextElementSibling; else rows.insertBefore(tr, next);
    }
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
  function check() {
    for (const tr of rows.children) {
      const on = chosen().includes(tr.dataset.source);
      tr.querySelector("input").checked = on;
      tr.dataset.chosen = String(on);
      tr.querySelector("button").setAttribute("aria-pressed", String(tr.dataset.source === ui.shown.shown));
    }
    say();
  }
  let known = "";
  ui.draw((shown) => {
    const now = JSON.stringify(shown.cameras);
    if (now !== known) { known = now; wb.steady(ui.root, drawRows, box); }
    // A picture that was made before a mask was drawn must not stay.
    for (const [id, one] of [...pictures]) if (one.look !== (shown.looks || {})[id]) forget(id);
    check();
    sift();
    stale();
  });
});
