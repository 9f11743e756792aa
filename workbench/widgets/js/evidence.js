// Snapshots and comments: taken, captioned, marked, ordered, written; what goes out of the house stands below them.
export default wb.view("Snapshots and report", (ui) => {
  const {h} = wb;
  const asked = (verb, args) => { ui.clear(); return ui.ask(verb, args).catch(() => undefined); };
  const button = (text, work, more) => h("button", {type: "button", onclick: work, ...more}, text);
  const pictures = new Map(), wanted = new Set(), drafts = wbDrafts(ui), papers = wbPapers(ui);
  ui.cleanup(() => pictures.forEach((url) => URL.revokeObjectURL(url)));

  const caption = drafts.field(() => "caption", h("input", {type: "text", size: 40, maxLength: 2000})), unmasked = drafts.field(() => "unmasked", h("input", {type: "text", size: 30}));
  let busy = false;
  const chosen = new Map(), of = h("select", {onchange: () => chosen.set(camera, of.value)}), which = h("span", {class: "wb-evidence-which"});
  const take = button("Take snapshot", () => {
    // The frame that is seen at this moment, whatever is shown when the kernel gets to it.
    const {source, at} = ui.shown, words = {caption: caption.value, unmasked: unmasked.value};
    busy = take.disabled = true; ui.say("Hashing the recording and taking the frame …");
    asked("snapshot", {export: of.value, ...words, source, at}).then((id) => {
      busy = false; ui.redraw();
      if (!id) return;
      drafts.filed("caption", words.caption, caption); drafts.filed("unmasked", words.unmasked, unmasked);
      ui.say(`Snapshot ${id} taken.`);
    });
  });
  const fetchMeter = h("progress", {max: 1, value: 0, hidden: true, "aria-label": "Progress of the acquisition"});
  const stop = button("Stop", () => asked("stop", {}), {hidden: true, "aria-label": "Stop the acquisition"});
  const acquire = button("Acquire this stretch", () => {
    acquire.disabled = true; fetchMeter.hidden = stop.hidden = false; ui.say("Fetching the stretch from the VMS …");
    asked("acquire", {}).then((made) => { acquire.disabled = false; fetchMeter.hidden = stop.hidden = true; if (made) ui.say(`Acquired into ${made.folder}.`); });
  });
  const why = h("p", {}), got = h("p", {class: "wb-evidence-acquired"}), remote = h("div", {class: "wb-evidence-remote", hidden: true}, why, h("div", {class: "wb-row"}, acquire, fetchMeter, stop), got);
  ui.on("acquiring", (what) => { fetchMeter.value = what.fraction; });

  const shots = h("ol", {class: "wb-evidence-shots"}), comments = h("ul", {class: "wb-evidence-comments"});
  const about = h("select", {}), draft = () => `comment:${about.value}`, words = drafts.field(draft, h("textarea", {rows: 2, cols: 40}));
  let written = "comment:";
  about.addEventListener("change", () => { written = draft(); drafts.turn(words, written); });
  const adding = new Set();
  const comment = () => {
    const key = draft(), sent = words.value, one = JSON.stringify([key, sent]);
    if (adding.has(one)) return;  // a second click, before the answer
    adding.add(one);
    asked("comment", {words: sent, on: about.value}).then((id) => {
      adding.delete(one);
      if (!id) return;
      drafts.filed(key, sent, draft() === key ? words : null);
      ui.say(`Comment ${id} added.`);
    });
  };
  const marks = wbMarks(ui, (snapshot, list) => asked("marks", {snapshot, marks: list}).then((id) => { if (id) ui.say(`Marked copy ${id} made.`); else throw new Error("not made"); }), drafts);
  const none = h("p", {class: "wb-evidence-none"}, "No case is open: nothing can be put on record. Open one with Workbench(archive, case=…).");
  const taking = h("div", {class: "wb-row"}, wb.field("With masks and crop of", of, "export"), wb.field("Caption", caption, "caption"), wb.field("Why unmasked (if it is)", unmasked, "unmasked"), take, which);
  const all = h("div", {}, taking, remote, shots, marks.el,
    h("h3", {}, "Comments"), comments, h("div", {class: "wb-row"}, wb.field("About", about, "on"), wb.field("Comment", words, "text"), button("Add comment", comment)), papers.el);
  ui.add(h("h2", {}, "Snapshots and report"), none, all);

  ui.on("picture", (what, buffers) => {
    const url = URL.createObjectURL(new Blob([buffers[0]], {type: "image/png"}));
    pictures.set(what.id, url);
    for (const img of shots.querySelectorAll("img")) if (img.dataset.id === what.id) img.src = url;
  });
  // Asked for once; again where it did not come.
  const bring = (id) => { if (!wanted.has(id)) { wanted.add(id); ui.ask("picture", {name: id}).catch(() => wanted.delete(id)); } };
  function mark(id) {
    if (pictures.has(id)) { marks.open(id, pictures.get(id), drafts.words(`marks:${id}`)); return; }
    bring(id);
    ui.say(`The picture of ${id} has not come yet: marks are drawn on it.`);
  }
  function shot(s, n, list) {
    const img = h("img", {alt: `Snapshot ${s.id}`, class: "wb-evidence-thumb"});
    img.dataset.id = s.id;
    if (pictures.has(s.id)) img.src = pictures.get(s.id);
    else bring(s.id);
    const draft = drafts.words(`caption:${s.id}`), open = draft !== "" && draft !== s.caption;
    const text = drafts.field(() => `caption:${s.id}`, h("input", {type: "text", value: open ? draft : s.caption, size: 36, maxLength: 2000, "aria-label": `Caption of ${s.id}`}));
    const filed = () => {
      const sent = text.value;
      ui.clear();
      ui.ask("caption", {snapshot: s.id, words: sent}).then(() => drafts.filed(`caption:${s.id}`, sent), () => undefined);
    };
    text.addEventListener("change", filed);
    const file = open ? button("File this caption", filed, {"aria-label": `File the words for ${s.id} that were being written`}) : "";
    const move = (by) => { const ids = list.map((one) => one.id), k = n + by; [ids[n], ids[k]] = [ids[k], ids[n]]; asked("order", {snapshots: ids}); };
    return h("li", {}, img, h("div", {}, h("strong", {}, s.id), ` ${s.source}, ${wb.time(s.at, {dated: s.dated, zone: s.zone, digits: 6})}, PTS ${s.pts}, `,
      s.export ? `of ${s.export}, ${s.masks} mask${s.masks === 1 ? "" : "s"}` : "of no export: nothing masked", s.context ? ", context" : "",
      h("div", {class: "wb-row"}, text, file, button("▲", () => move(-1), {"aria-label": `Move ${s.id} up`, disabled: n === 0}), button("▼", () => move(1), {"aria-label": `Move ${s.id} down`, disabled: n === list.length - 1}),
        button("Show", () => asked("seek", {snapshot: s.id}), {"aria-label": `Show the frame of ${s.id}`}), button((ui.shown.texts || {})[`marks:${s.id}`] ? "Go on marking" : "Mark", () => mark(s.id), {"aria-label": `Draw marks on ${s.id}`}))));
  }
  function lists(s) {
    const held = of.value, on = about.value, mine = s.exports.filter((e) => e.source === s.source).map((e) => e.id), wish = chosen.get(s.source);
    of.replaceChildren(h("option", {value: ""}, "no export: the whole frame, unmasked"), ...s.exports.map((e) => h("option", {value: e.id}, `${e.id} (${e.source})`)));
    of.value = wish === "" ? "" : [wish, held, mine[mine.length - 1]].find((id) => mine.includes(id)) || "";
    about.replaceChildren(h("option", {value: ""}, "the case"), ...[...s.exports, ...s.snapshots, ...s.copies].map((one) => h("option", {value: one.id}, one.id)));
    about.value = [...about.options].some((o) => o.value === on) ? on : "";
    shots.replaceChildren(...s.snapshots.map(shot));
    comments.replaceChildren(...s.comments.map((c) => h("li", {}, h("strong", {}, c.id), c.on ? ` on ${c.on}` : "", `, ${c.author}: `, c.text)));
    papers.draw(s);
  }
  const count = (list, word) => `${list.length} ${word}${list.length === 1 ? "" : "s"}`;
  let drawn = "", camera = null;
  ui.draw((s) => {
    none.hidden = Boolean(s.case); all.hidden = !s.case;
    if (!s.case) { ui.say("No case is open."); return; }
    taking.hidden = Boolean(s.remote); remote.hidden = !s.remote; why.textContent = s.remote || "";
    got.textContent = s.acquired ? `${s.acquired.folder} holds the master (${s.acquired.size.toLocaleString("en")} bytes, SHA-256 ${s.acquired.sha256}). Workbench(${JSON.stringify(s.acquired.folder)}, case=…) opens it.` : "";
    take.disabled = busy || s.at === null || !s.source;
    which.textContent = s.at === null || !s.source ? "no picture is shown" : `of ${s.name} at ${wb.time(s.at, {dated: s.dated, zone: s.zone, digits: 6})}`;
    for (const [name, el] of [["caption", caption], ["unmasked", unmasked], [written, words]]) drafts.show(name, el);
    const now = JSON.stringify([s.snapshots, s.exports, s.comments, s.reports, s.packages, s.findings, s.copies]);
    if (now === drawn && camera === s.source) return;
    const fresh = now !== drawn;
    drawn = now; camera = s.source;
    wbSteady(ui.root, () => lists(s));
    if (fresh) ui.say(`Case ${s.case.number}: ${count(s.snapshots, "snapshot")}, ${count(s.comments, "comment")}, ${count(s.reports, "report")}.`);
  });
});
