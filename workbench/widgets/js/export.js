// Export: controls, the plan before the run, and what became of each export.
export default wb.view("Export", (ui) => {
  const {h} = wb;
  const set = (name, value) => { ui.clear(); return ui.ask("option", {name, value}).catch(() => ui.redraw()); };
  const controls = new Map();
  // Controls that mean nothing for a format are put away, and it is said which.
  const VIDEO = ["mp4", "mkv", "avi", "exe"], forms = {rate_divisor: VIDEO, cut: VIDEO, gaps: VIDEO, audio: VIDEO, audio_quality: VIDEO, size_limit: VIDEO, video_quality: [...VIDEO, "jpg"],
    burn: [...VIDEO, "jpg"], text_color: [...VIDEO, "jpg", "pdf"], layout: ["pdf"], snapshot_area: ["pdf"], comment_area: ["pdf"], stamp_area: ["pdf"]};
  const names = {rate_divisor: "frame rate", cut: "cut", gaps: "gaps", audio: "sound", audio_quality: "sound quality", size_limit: "size limit", video_quality: "video quality", burn: "drawn text",
    layout: "page", snapshot_area: "place of the picture", comment_area: "place of the comment", stamp_area: "place of the stamp"};
  const unused = h("p", {class: "wb-export-unused"}), unplanned = h("p", {class: "wb-export-why"});
  function fit(options) {
    const format = options.format || "mp4", idle = [];
    for (const place of ui.root.querySelectorAll(".wb-body [data-field]")) {
      const name = place.dataset.field, fits = !forms[name] || forms[name].includes(format);
      place.hidden = name === "archive" ? !ui.shown.remote && !options.archive : !fits;
      if (!fits && options[name] !== undefined) idle.push(names[name]);
    }
    page.el.hidden = format !== "pdf";
    const put = Object.keys(forms).filter((name) => !forms[name].includes(format) && names[name]);
    unused.textContent = put.length ? `Not for ${format}: ${put.map((name) => names[name]).join(", ")}.${idle.length ? ` What was chosen there (${idle.join(", ")}) changes nothing now.` : ""}` : "";
  }
  function select(name, words, values) {
    const el = h("select", {name, onchange: () => set(name, values[el.selectedIndex][0])}, values.map(([, text]) => h("option", {}, text)));
    controls.set(name, (value) => { const n = values.findIndex(([v]) => v === (value ?? null)); el.selectedIndex = n < 0 ? 0 : n; });
    return wb.field(words, el, name);
  }
  function text(name, words, more = {}) {
    const el = h(more.area ? "textarea" : "input", {name, size: more.size || 22, rows: more.area ? 2 : null, placeholder: more.placeholder || ""});
    // What is no number goes as it stands: the kernel says so, and keeps what was.
    const read = () => { const n = Number(el.value); return el.value === "" ? null : Number.isFinite(n) ? Math.round(n * (more.times || 1)) : el.value; };
    el.addEventListener("change", () => set(name, more.number ? read() : el.value));
    controls.set(name, (value) => { if (document.activeElement !== el) el.value = value === undefined || value === null ? "" : more.number ? value / (more.times || 1) : value; });
    return wb.field(words, el, name);
  }
  const quality = [[0, "0 best, untouched where possible"], [1, "1"], [2, "2"], [3, "3, untouched where possible"], [4, "4"], [5, "5"], [6, "6 smallest"]];
  const page = wbPage(ui, set), run = h("button", {type: "button", class: "wb-export-run", onclick: () => { ui.clear(); ui.ask("run", {}).catch(() => undefined); }}, "Run export");
  const plans = h("div", {class: "wb-export-plans", "aria-live": "polite"}), jobs = wbJobs(ui), asked = h("p", {class: "wb-export-asked"});
  ui.add(h("h2", {}, "Export"), asked,
    h("div", {class: "wb-row"},
      select("format", "Format", ["mp4", "mkv", "avi", "jpg", "pdf", "exe"].map((v) => [v, v])),
      select("video_quality", "Video quality", quality), select("rate_divisor", "Frame rate", [[1, "all pictures"], [2, "every 2nd"], [4, "every 4th"], [8, "every 8th"]]),
      select("cut", "Cut", [["exact", "exact: nothing outside the range"], ["keyframe", "from the key frame before"]]),
      select("gaps", "Gaps", [["keep", "keep the clock's spacing"], ["collapse", "join the pictures"]]), select("audio", "Sound", [["keep", "keep"], ["drop", "drop"]]),
      text("size_limit", "Size limit (MB a file)", {number: true, times: 1000000, size: 8}), text("archive", "Storage of the VMS", {placeholder: "its default"})), unused,
    h("details", {}, h("summary", {}, "Text, colours, page"), h("div", {class: "wb-row"},
      text("stamp_format", "Time stamp", {placeholder: "%Y-%b-%d %H:%M:%S"}), select("burn", "Draw text into the picture", [[null, "as the format does"], [true, "yes"], [false, "no"]]),
      text("text_color", "Text colour", {placeholder: "#FFFFFF", size: 9}), text("text_zone", "Zone of stamps", {placeholder: "the camera's"}),
      select("audio_quality", "Sound quality", quality.map(([v]) => [v, String(v)])), select("layout", "Page (pdf)", [["portrait", "portrait"], ["landscape", "landscape"]]),
      text("comment", "Comment", {area: true, size: 40})), page.el),
    h("h3", {}, "Plan"), plans, h("div", {class: "wb-row"}, run, h("button", {type: "button", onclick: () => plan()}, "Plan again"), unplanned), h("h3", {}, "Exports"), jobs.box);

  const how = () => ({dated: ui.shown.dated, zone: ui.shown.zone, digits: 3});
  const plan = () => ui.ask("plan").catch(() => undefined);
  const rest = wb.pause(plan, 250);
  let drawn = "", told = "";
  ui.draw((shown) => {
    for (const [name, put] of controls) put(shown.options[name]);
    page.draw(shown.options); fit(shown.options);
    const [begin, end, at] = shown.range, single = ["jpg", "pdf"].includes(shown.options.format);
    const ready = shown.sources.length && (single ? at !== null : begin !== null && end !== null);
    run.disabled = !ready || Object.values(shown.plans).some((p) => p.refused);
    unplanned.textContent = ready && run.disabled ? "Not as it is asked for: see what is refused above." : "";
    const cameras = shown.sources.map((one) => one.name).join(", ");
    asked.textContent = !shown.sources.length ? "Choose a camera." : !ready ? "Set the in and the out point on the timeline." :
      `${cameras}: ${single ? wb.time(at, how()) : `${wb.time(begin, how())} to ${wb.time(end, how())}`}, into ${shown.where}.`;
    const now = JSON.stringify(shown.plans) + shown.sources.map((one) => one.id);
    if (now !== drawn) {
      drawn = now;
      plans.replaceChildren(...(ready ? shown.sources.map((one) => wbPlan.show(one.name, shown.plans[one.id], how())) : []));
    }
    if (ready && !Object.keys(shown.plans).length) rest();
    jobs.show(shown.jobs || []);
    const busy = (shown.jobs || []).filter((job) => job.state === "running" || job.state === "waiting").length;
    const words = busy ? `${busy} export${busy === 1 ? "" : "s"} under way.` : (shown.jobs || []).length ? `Last export: ${shown.jobs[shown.jobs.length - 1].state}.` : "";
    if (words !== told) ui.say(told = words);  // once: what was said since stands
  });
});
