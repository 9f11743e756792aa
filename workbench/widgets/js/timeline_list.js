// The timeline's twins for those who do not see it: stretches and marks as tables.
function wbLists(ui, go) {
  const {h} = wb, MOST = 400;
  const stretches = h("tbody"), marks = h("tbody"), counted = h("summary");
  const table = (words, body) => h("table", {}, h("thead", {}, h("tr", {}, words.map((w) => h("th", {scope: "col"}, w)))), body);
  const list = (summary, words, body, more) => h("details", {class: "wb-timeline-list", ...more}, summary, table(words, body));
  const heading = h("summary", {}, "Recorded and missing stretches as a list");
  let last = null, drawn = "";
  const open = list(heading, ["Camera", "What", "From", "To", "Length", ""], stretches,
    {ontoggle: () => last && draw(...last)});
  const marked = list(counted, ["Mark", "Camera", "When", "Words", ""], marks, {class: "wb-timeline-list wb-timeline-marked"});

  function rows(lanes, data, view) {
    const out = [];
    for (const one of lanes) {
      const held = data.lanes[one.id];
      if (!held || !held.known) { out.push([one.name, `not known${held && held.notes[0] ? `: ${held.notes[0]}` : ""}`, null, null]); continue; }
      if (!held.checked) out.push([one.name, "from the catalogue, not checked", null, null]);
      let reached = null;
      for (const [a, b, gaps] of held.stretches) {
        if (b < view[0] || a > view[1]) continue;
        if (reached !== null && a > reached) out.push([one.name, `nothing recorded (${held.witness})`, reached, a, one.id]);
        out.push([one.name, gaps ? `recorded, with ${gaps} small gap${gaps === 1 ? "" : "s"}` : "recorded", a, b, one.id]);
        reached = b;
      }
      if (reached === null) out.push([one.name, "nothing recorded in what is shown", null, null]);
    }
    return out;
  }
  function draw(lanes, data, view, how) {
    last = [lanes, data, view, how];
    if (!open.open || !data || !view) return;
    const found = rows(lanes, data, view), more = found.length - MOST, now = JSON.stringify([found, how(3)]);
    if (now === drawn) return;
    drawn = now;
    wb.steady(open, () => stretches.replaceChildren(...found.slice(0, MOST).map((one) => row(one, how)),
      ...(more > 0 ? [h("tr", {}, h("td", {colSpan: 6}, `and ${more} rows more: zoom in to list them`))] : [])), heading);
  }
  function row([name, what, a, b, id], how) {
    if (a === null) return h("tr", {}, h("td", {}, name), h("td", {}, what), h("td", {colSpan: 4}));
    const from = wb.time(a, how(3)), words = `Go there: ${name}, ${what}, from ${from}`;
    return h("tr", {}, h("td", {}, name), h("td", {}, what), h("td", {}, from), h("td", {}, wb.time(b, how(3))), h("td", {}, wb.span(b - a)),
      h("td", {}, h("button", {type: "button", "aria-label": words, "data-key": `${id} ${a}`, onclick: () => go(a, b)}, "Go there")));
  }
  const when = (one, how) => one.at === null ? "no place on the time line"
    : `${wb.time(one.at, {...how(3), dated: one.dated})}${one.end === null ? "" : ` – ${wb.time(one.end, {...how(3), dated: one.dated})}`}`;
  function drawMarks(found, name, how) {
    counted.textContent = `Marks as a list (${found.length})`;
    marked.hidden = !found.length;
    wb.steady(marked, () => marks.replaceChildren(...found.map((one) => h("tr", {}, h("td", {}, `${one.kind} ${one.id}`), h("td", {}, name(one.source)), h("td", {}, when(one, how)),
      h("td", {}, one.words), h("td", {}, one.here ? h("button", {type: "button", "aria-label": `Go to ${one.id}`, onclick: () => go(one.at, one.end)}, "Go there")
        : one.at === null ? "" : "on another kind of time line")))), counted);
  }
  return {nodes: [open, marked], draw, drawMarks};
}
