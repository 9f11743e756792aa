// Snapshots and report: take, caption, comment, mark, order; preview, build, seal, verify, fetch.
export default wb.view("Snapshots and report", (ui) => {
  const {h} = wb;
  const asked = (verb, args) => { ui.clear(); return ui.ask(verb, args).catch(() => undefined); };
  const button = (text, work, more) => h("button", {type: "button", onclick: work, ...more}, text);
  const pictures = new Map(), wanted = new Set();
  ui.cleanup(() => pictures.forEach((url) => URL.revokeObjectURL(url)));
  const keep = (name, el) => { el.addEventListener("input", wb.pause(() => ui.ask("text", {name, words: el.value}, {quiet: true}).catch(() => undefined), 300)); return el; };

  const caption = keep("caption", h("input", {type: "text", size: 40, maxLength: 2000})), unmasked = keep("unmasked", h("input", {type: "text", size: 30}));
  const of = h("select", {}), take = button("Take snapshot", () => { take.disabled = true; ui.say("Hashing the recording and taking the frame …");
    asked("snapshot", {export: of.value, caption: caption.value, unmasked: unmasked.value}).then((id) => { take.disabled = false; if (id) { caption.value = ""; unmasked.value = ""; ui.say(`Snapshot ${id} taken.`); } }); });
  const shots = h("ol", {class: "wb-evidence-shots"}), comments = h("ul", {class: "wb-evidence-comments"});
  const words = keep("comment:", h("textarea", {rows: 2, cols: 40})), about = h("select", {});
  const marks = wbMarks(ui, (snapshot, list) => asked("marks", {snapshot, marks: list}).then((id) => { if (id) ui.say(`Marked copy ${id} made.`); else throw new Error("not made"); }));
  const perPage = h("select", {}, ["1", "2", "4"].map((v) => h("option", {value: v}, v))), paper = h("select", {}, ["A4", "Letter"].map((v) => h("option", {value: v}, v)));
  const final = h("input", {type: "checkbox", id: wb.unique("final")}), zip = h("input", {type: "checkbox", id: wb.unique("zip"), checked: true});
  const key = h("input", {type: "text", size: 26, autocomplete: "off", placeholder: "examiner.p12"}), password = h("input", {type: "password", size: 14, autocomplete: "off"});
  const reports = h("tbody"), packages = h("tbody"), findings = h("div", {class: "wb-evidence-findings"}), pages = h("div", {class: "wb-evidence-pdf"});
  const meter = h("progress", {max: 1, hidden: true, "aria-label": "Progress of the check"});
  const table = (caption, heads, body) => h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map((w) => h("th", {scope: "col"}, w)))), body);
  const none = h("p", {class: "wb-evidence-none"}, "No case is open: nothing can be put on record. Open one with Workbench(archive, case=…).");
  const all = h("div", {},
    h("div", {class: "wb-row"}, wb.field("With masks and crop of", of, "export"), wb.field("Caption", caption, "caption"), wb.field("Why unmasked (if it is)", unmasked, "unmasked"), take),
    shots, marks.el,
    h("h3", {}, "Comments"), comments, h("div", {class: "wb-row"}, wb.field("About", about, "on"), wb.field("Comment", words, "text"),
      button("Add comment", () => asked("comment", {words: words.value, on: about.value}).then((id) => { if (id) words.value = ""; }))),
    h("h3", {}, "Report"), h("div", {class: "wb-row"}, wb.field("Snapshots a page", perPage), wb.field("Paper", paper), wb.field("Key file (.p12), to sign", key, "key"), wb.field("Its password", password, "password"),
      h("span", {}, final, h("label", {htmlFor: final.id}, " FINAL (else DRAFT)")),
      button("Preview pages", () => { ui.say("Printing a draft …"); asked("preview", {per_page: Number(perPage.value), paper: paper.value}); }),
      button("Build report", () => { ui.say("Building the report …"); asked("build", {final: final.checked, per_page: Number(perPage.value), paper: paper.value, key: key.value, password: password.value}).then((id) => id && ui.say(`Report ${id} built.`)); })),
    table("Reports", ["Report", "State", "Signed", "SHA-256", ""], reports), pages,
    h("h3", {}, "Package"), h("div", {class: "wb-row"}, h("span", {}, zip, h("label", {htmlFor: zip.id}, " one zip")),
      button("Seal the case", () => { ui.say("Sealing …"); asked("seal", {as_zip: zip.checked, key: key.value, password: password.value}).then((id) => { password.value = ""; if (id) ui.say(`Package ${id} sealed.`); }); }),
      button("Check the case", () => asked("check", {})), meter),
    table("Packages", ["Package", "Seal (SHA-256)", "Signed", ""], packages), findings);
  ui.add(h("h2", {}, "Snapshots and report"), none, all);

  ui.on("picture", (what, buffers) => {
    const url = URL.createObjectURL(new Blob([buffers[0]], {type: "image/png"}));
    pictures.set(what.id, url);
    for (const img of shots.querySelectorAll("img")) if (img.dataset.id === what.id) img.src = url;
  });
  const parts = new Map();
  ui.on("piece", (what, buffers) => { const held = parts.get(what.name); if (held) { held.file = what.file; held.push(buffers[0]); } });
  ui.on("checking", (what) => { meter.hidden = what.fraction >= 1; meter.value = what.fraction; if (what.words) ui.say(what.words); });
  ui.on("pdf", (what, buffers) => {
    const url = URL.createObjectURL(new Blob([buffers[0]], {type: "application/pdf"}));
    pictures.set("preview", url);
    pages.replaceChildren(h("object", {data: url, type: "application/pdf", "aria-label": "Pages of the report as it would be now"}, h("a", {href: url, download: "preview.pdf"}, "This browser shows no PDF here: download the preview.")),
      button("Close preview", () => pages.replaceChildren()));
    ui.say(`A draft of ${buffers[0].byteLength.toLocaleString("en")} bytes; nothing was filed.`);
  });
  async function fetched(name) {
    parts.set(name, []);
    const size = await asked("fetch", {name});
    const held = parts.get(name); parts.delete(name);
    if (size === undefined) return;
    const url = URL.createObjectURL(new Blob(held)); pictures.set(`file ${name}`, url);
    h("a", {href: url, download: held.file || name}).click();
    ui.say(`${held.file}: ${size.toLocaleString("en")} bytes.`);
  }
  function shot(s, n, list) {
    const img = h("img", {alt: `Snapshot ${s.id}`, class: "wb-evidence-thumb"});
    img.dataset.id = s.id;
    if (pictures.has(s.id)) img.src = pictures.get(s.id);
    else if (!wanted.has(s.id)) { wanted.add(s.id); ui.ask("picture", {name: s.id}, {quiet: true}).catch(() => undefined); }
    const text = h("input", {type: "text", value: s.caption, size: 36, maxLength: 2000, "aria-label": `Caption of ${s.id}`});
    text.addEventListener("change", () => asked("caption", {snapshot: s.id, words: text.value}));
    const move = (by) => { const ids = list.map((one) => one.id), k = n + by; [ids[n], ids[k]] = [ids[k], ids[n]]; asked("order", {snapshots: ids}); };
    return h("li", {}, img, h("div", {}, h("strong", {}, s.id), ` ${s.source}, ${wb.time(s.at, {dated: s.dated, zone: s.zone, digits: 6})}, PTS ${s.pts}, `,
      s.export ? `of ${s.export}, ${s.masks} mask${s.masks === 1 ? "" : "s"}` : "of no export: nothing masked", s.context ? ", context" : "",
      h("div", {class: "wb-row"}, text, button("▲", () => move(-1), {"aria-label": `Move ${s.id} up`, disabled: n === 0}), button("▼", () => move(1), {"aria-label": `Move ${s.id} down`, disabled: n === list.length - 1}),
        button("Show", () => asked("seek", {snapshot: s.id}), {"aria-label": `Show the frame of ${s.id}`}), button("Mark", () => { if (pictures.has(s.id)) marks.open(s.id, pictures.get(s.id)); }, {"aria-label": `Draw marks on ${s.id}`}))));
  }
  let drawn = "";
  ui.draw((s) => {
    none.hidden = Boolean(s.case); all.hidden = !s.case;
    if (!s.case) { ui.say("No case is open."); return; }
    const now = JSON.stringify([s.snapshots, s.exports, s.comments, s.reports, s.packages, s.findings, s.copies]);
    take.title = s.at === null ? "Choose a camera first" : "";
    for (const [name, el] of [["caption", caption], ["unmasked", unmasked], ["comment:", words]]) if (document.activeElement !== el && s.texts[name] !== undefined && !el.value) el.value = s.texts[name];
    if (now === drawn) return;
    drawn = now;
    const held = of.value;
    of.replaceChildren(h("option", {value: ""}, "no export: the whole frame, unmasked"), ...s.exports.map((e) => h("option", {value: e.id}, `${e.id} (${e.source})`)));
    of.value = s.exports.some((e) => e.id === held) ? held : (s.exports.filter((e) => e.source === s.source).pop() || {id: ""}).id;
    const on = about.value;
    about.replaceChildren(h("option", {value: ""}, "the case"), ...[...s.exports, ...s.snapshots, ...s.copies].map((one) => h("option", {value: one.id}, one.id)));
    about.value = [...about.options].some((o) => o.value === on) ? on : "";
    shots.replaceChildren(...s.snapshots.map(shot));
    comments.replaceChildren(...s.comments.map((c) => h("li", {}, h("strong", {}, c.id), c.on ? ` on ${c.on}` : "", `, ${c.author}: `, c.text)));
    reports.replaceChildren(...s.reports.map((r) => h("tr", {}, h("td", {}, `${r.id}, version ${r.version}`), h("td", {}, r.final ? "FINAL" : "DRAFT", r.why.length ? h("small", {}, ` ${r.why.join("; ")}`) : ""),
      h("td", {}, r.signer_name ? `${r.signer_name}${r.self_signed ? " (self-signed)" : ""}` : "not signed"), h("td", {class: "wb-evidence-hash"}, r.sha256), h("td", {}, button("Download", () => fetched(r.id), {"aria-label": `Download report ${r.id}`})))));
    packages.replaceChildren(...s.packages.map((p) => h("tr", {}, h("td", {}, `${p.id}: ${p.name}`), h("td", {class: "wb-evidence-hash"}, p.seal), h("td", {}, p.signed ? "yes" : "not signed"),
      h("td", {}, button("Verify", () => { ui.say("Verifying …"); asked("verify", {package: p.id}); }, {"aria-label": `Verify package ${p.id}`}), button("Download", () => fetched(p.id), {"aria-label": `Download package ${p.id}`})))));
    findings.replaceChildren(...(s.findings ? [h("p", {}, h("strong", {}, `${s.findings.what}: `), `${s.findings.counts.ok} ok, ${s.findings.counts.failed} failed, ${s.findings.counts["not checked"]} not checked.`),
      h("details", {open: s.findings.counts.failed > 0}, h("summary", {}, "Findings"), h("table", {}, h("tbody", {}, s.findings.rows.map((f) => h("tr", {"data-verdict": f.verdict}, h("td", {}, f.verdict), h("td", {}, f.check), h("td", {}, f.file), h("td", {}, f.note || f.found))))))] : []));
    ui.say(`Case ${s.case.number}: ${s.snapshots.length} snapshots, ${s.comments.length} comments, ${s.reports.length} reports.`);
  });
});
