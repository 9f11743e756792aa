// Report and package: previewed, built, sealed, verified, fetched.
function wbPapers(ui) {
  const {h} = wb;
  const asked = (verb, args) => { ui.clear(); return ui.ask(verb, args).catch(() => undefined); };
  const button = (text, work, more) => h("button", {type: "button", onclick: work, ...more}, text);
  const pieces = new Map();
  let preview = "";
  ui.cleanup(() => URL.revokeObjectURL(preview));

  const perPage = h("select", {}, ["1", "2", "4"].map((v) => h("option", {value: v}, v))), paper = h("select", {}, ["A4", "Letter"].map((v) => h("option", {value: v}, v)));
  const final = h("input", {type: "checkbox", id: wb.unique("final")}), zip = h("input", {type: "checkbox", id: wb.unique("zip"), checked: true}), again = h("input", {type: "checkbox", id: wb.unique("again")});
  const key = h("input", {type: "text", size: 26, autocomplete: "off", placeholder: "examiner.p12"}), password = h("input", {type: "password", size: 14, autocomplete: "off"});
  const reports = h("tbody"), packages = h("tbody"), findings = h("div", {class: "wb-evidence-findings"}), pages = h("div", {class: "wb-evidence-pdf"});
  const meter = h("progress", {max: 1, hidden: true, "aria-label": "Progress of the check"}), outcome = h("p", {class: "wb-evidence-outcome", role: "note"});
  const table = (caption, heads, body) => h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map((w) => h("th", {scope: "col"}, w)))), body);
  const boxed = (box, words) => h("span", {}, box, h("label", {htmlFor: box.id}, ` ${words}`));
  // A password is sent once and stays nowhere.
  const secret = () => { const held = password.value; password.value = ""; return {key: key.value, password: held}; };
  const layout = () => ({per_page: Number(perPage.value), paper: paper.value});

  // What files something runs once at a time: a second click, before the answer, files nothing.
  const filing = (text, work) => { let under = false; return button(text, () => { if (under) return; under = true; work().finally(() => { under = false; }); }); };
  function build() {
    ui.say("Building the report …"); outcome.textContent = "";
    return asked("build", {final: final.checked, ...layout(), ...secret()}).then((made) => {
      if (!made) return;
      ui.say(`Report ${made.id} built: ${made.final ? "FINAL" : "DRAFT"}.`);
      outcome.textContent = made.final ? "" : `${made.id} is a DRAFT: ${made.why.join("; ")}.`;
    });
  }
  const seal = () => { ui.say("Sealing …"); return asked("seal", {as_zip: zip.checked, ...secret()}).then((id) => id && ui.say(`Package ${id} sealed.`)); };
  const el = h("div", {}, h("h3", {}, "Report"),
    h("div", {class: "wb-row"}, wb.field("Snapshots a page", perPage), wb.field("Paper", paper), wb.field("Key file (.p12), to sign", key, "key"), wb.field("Its password", password, "password"),
      boxed(final, "FINAL in Copy as Python (a click gives a DRAFT)"), button("Preview pages", () => { ui.say("Printing a draft …"); asked("preview", layout()); }), filing("Build report", build)),
    outcome, table("Reports", ["Report", "State", "Signed", "SHA-256", ""], reports), pages,
    h("h3", {}, "Package"), h("div", {class: "wb-row"}, boxed(zip, "one zip"), filing("Seal the case", seal), button("Check the case", () => { ui.say("Checking the case …"); asked("check", {}).then(() => undefined); }), boxed(again, "verify: make exports anew, too"), meter),
    table("Packages", ["Package", "Seal (SHA-256)", "Signed", ""], packages), findings);

  // Another place of the view may ask for the same file: only the piece that comes next is taken.
  ui.on("piece", (what, buffers) => {
    const held = pieces.get(what.name);
    if (!held || what.at !== held.at) return;
    held.file = what.file; held.push(buffers[0]); held.at += buffers[0].byteLength;
  });
  ui.on("checking", (what) => { meter.hidden = what.fraction >= 1; meter.value = what.fraction; if (what.words) ui.say(what.words); });
  ui.on("pdf", (what, buffers) => {
    URL.revokeObjectURL(preview);
    const place = preview = URL.createObjectURL(new Blob([buffers[0]], {type: "application/pdf"}));
    const shown = navigator.pdfViewerEnabled === false ? h("p", {class: "wb-evidence-nopdf"}, "This browser shows no PDF in a page: download the preview.") :
      h("object", {data: place, type: "application/pdf", "aria-label": "Pages of the report as it would be now"}, h("p", {class: "wb-evidence-nopdf"}, "This browser shows no PDF in a page: download the preview."));
    pages.replaceChildren(h("div", {class: "wb-row"}, h("a", {href: place, download: what.name}, "Download the preview"), button("Close preview", () => pages.replaceChildren())), shown);
    ui.say(`A draft of ${buffers[0].byteLength.toLocaleString("en")} bytes; nothing was filed.`);
  });
  // The pieces of a file, as many as it has; undefined where they do not come, which is shown then.
  async function whole(name) {
    const got = Object.assign([], {at: 0, file: name});
    let size = 1;
    pieces.set(name, got);
    try {
      while (got.at < size) {
        const before = got.at;
        size = await asked("fetch", {name, at: before});
        if (size === undefined) return undefined;
        if (got.at === before && before < size) { ui.fail({what: `${got.file} stopped coming at byte ${before}`, advice: "Try again."}); return undefined; }
        ui.say(`Fetching ${got.file}: ${Math.round(got.at / Math.max(1, size) * 100)} %`);
      }
    } finally { pieces.delete(name); }
    return got;
  }
  async function fetched(name) {
    if (pieces.has(name)) return;  // on its way
    const got = await whole(name);
    if (!got) return;
    const place = URL.createObjectURL(new Blob(got));
    h("a", {href: place, download: got.file}).click();
    setTimeout(() => URL.revokeObjectURL(place), 60_000);  // the browser surely has it then
    ui.say(`${got.file}: ${got.at.toLocaleString("en")} bytes.`);
  }
  function report(r) {
    return h("tr", {}, h("td", {}, `${r.id}, version ${r.version}`, h("small", {}, ` ${r.path}`)), h("td", {}, r.final ? "FINAL" : "DRAFT", r.why.length ? h("small", {}, ` ${r.why.join("; ")}`) : ""),
      h("td", {}, r.signer_name ? `${r.signer_name}${r.self_signed ? " (self-signed)" : ""}` : "not signed"), h("td", {class: "wb-evidence-hash"}, r.sha256), h("td", {}, button("Download", () => fetched(r.id), {"aria-label": `Download report ${r.id}`})));
  }
  function packed(p) {
    const actions = {zip: () => button("Download", () => fetched(p.id), {"aria-label": `Download package ${p.id}`}), folder: () => button("Make a zip to download", () => { ui.say("Making a zip …"); asked("zip", {package: p.id}).then((name) => name && ui.say(`${name} made.`)); }, {"aria-label": `Make a zip of package ${p.id}`}),
      gone: () => h("small", {}, "it lies elsewhere now")};
    const verify = button("Verify", () => { ui.say("Verifying …"); asked("verify", {package: p.id, again: again.checked}).then((counts) => counts && ui.say(`${p.id}: ${told(counts)}`)); }, {"aria-label": `Verify package ${p.id}`});
    return h("tr", {}, h("td", {}, `${p.id}: ${p.name}`), h("td", {class: "wb-evidence-hash"}, p.seal), h("td", {}, p.signed ? "yes" : "not signed"), h("td", {}, p.kind === "gone" ? "" : verify, actions[p.kind]()));
  }
  const told = (counts) => `${counts.ok || 0} ok, ${counts.failed || 0} failed, ${counts["not checked"] || 0} not checked.`;
  // Green is for a check in which nothing failed and nothing was left out; the mark says it without colour.
  function checked(f) {
    const verdict = f.counts.failed ? "failed" : f.counts["not checked"] ? "not checked" : f.counts.ok ? "ok" : "not checked";
    const mark = {ok: "✓ all checks hold", failed: "✗ something does not hold", "not checked": "? nothing failed, but not everything was checked"}[verdict];
    return [h("p", {class: "wb-evidence-verdict", "data-verdict": verdict}, h("strong", {}, `${f.what}: `), `${mark}. ${told(f.counts)}`),
      h("details", {open: f.counts.failed > 0}, h("summary", {}, "Findings"), h("table", {}, h("thead", {}, h("tr", {}, ["Verdict", "Check", "File", "Note"].map((w) => h("th", {scope: "col"}, w)))),
        h("tbody", {}, f.rows.map((one) => h("tr", {"data-verdict": one.verdict}, h("td", {}, one.verdict), h("td", {}, one.check), h("td", {}, one.file), h("td", {}, one.note || one.found)))))),
      f.more ? h("p", {}, `${f.more} more findings: \`workbench verify\` lists all.`) : ""];
  }
  return {el, draw(s) {
    for (const [body, made] of [[reports, s.reports.map(report)], [packages, s.packages.map(packed)]]) {
      body.replaceChildren(...made);
      body.closest("table").hidden = !made.length;
    }
    findings.replaceChildren(...(s.findings ? checked(s.findings).filter(Boolean) : []));
  }};
}
