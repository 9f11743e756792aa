// The exports side by side: how far each is, cancel, what was delivered and where it lies.
function wbJobs(ui) {
  const {h} = wb;
  const box = h("div", {class: "wb-export-jobs"}), cards = new Map(), fetched = wbFetch(ui, cards);
  const words = {waiting: "waits", running: "runs", done: "done", failed: "failed", cancelled: "cancelled", interrupted: "interrupted", elsewhere: "runs elsewhere"};
  const suffix = (name) => name.split(".").pop().toLowerCase();
  const shows = ["mp4", "jpg", "pdf"], unplayed = {mkv: "no player here for mkv", avi: "no player here for avi"};

  function card(job) {
    const meter = h("progress", {max: 1, value: 0, "aria-label": `Progress of ${job.id}`}), state = h("span", {class: "wb-export-state"});
    const cancel = h("button", {type: "button", "aria-label": `Cancel ${job.id}`, onclick: () => { ui.say(`Cancelling ${job.id} …`); wbCancel(ui, job.id).catch((error) => ui.fail({what: `Cancel was not heard: ${error.message}`, advice: "Interrupt the kernel, or wait for the running cell."})); }}, "Cancel");
    const again = h("button", {type: "button", "aria-label": `Run ${job.id} again`, onclick: () => ui.ask("again", {job: job.id})}, "Run again");
    const result = h("div", {class: "wb-export-result"}), player = h("div", {class: "wb-export-player"});
    const el = h("article", {class: "wb-export-job", "aria-label": `Export ${job.id}`}, h("div", {class: "wb-row"}, h("strong", {}, `${job.id}: ${job.camera}, ${job.format}`), state, meter, cancel, again), result, player);
    return {el, meter, state, cancel, again, result, player, drawn: ""};
  }
  function draw(one, job) {
    one.el.dataset.state = job.state;
    if (!["running", "waiting"].includes(job.state)) one.meter.value = job.state === "done" ? 1 : one.meter.value;
    one.state.textContent = words[job.state] || job.state;
    one.meter.hidden = one.cancel.hidden = !["running", "waiting"].includes(job.state);
    one.again.hidden = !["failed", "cancelled", "interrupted"].includes(job.state);
    const now = JSON.stringify(job);
    if (now === one.drawn) return;
    one.drawn = now;
    one.result.replaceChildren(job.words ? h("p", {class: job.state === "failed" ? "wb-wrong" : ""}, [job.words, job.advice].filter(Boolean).join(" ")) : "", job.line ? h("p", {class: "wb-export-line"}, job.line) : "",
      job.folder ? h("p", {class: "wb-export-folder"}, "In ", h("code", {}, job.folder)) : "", job.warnings && job.warnings.length ? h("ul", {}, job.warnings.map((w) => h("li", {}, w))) : "", job.files && job.files.length ? files(job) : "");
  }
  function files(job) {
    return h("table", {}, h("thead", {}, h("tr", {}, ["File and its SHA-256", "Bytes", ""].map((w) => h("th", {scope: "col"}, w)))), h("tbody", {}, job.files.map((f) => h("tr", {},
      h("td", {}, f.name, h("small", {}, ` ${f.kind}`), h("div", {class: "wb-export-hash"}, f.sha256)), h("td", {class: "wb-export-bytes"}, f.size.toLocaleString("en")), h("td", {class: "wb-export-bytes"}, actions(job, f))))));
  }
  function actions(job, f) {
    if (f.size > ui.shown.most) return h("small", {class: "wb-export-large"}, "too large for a browser: open it where it lies");
    const show = h("button", {type: "button", "aria-label": `Show ${f.name}`, onclick: () => fetched(job, f, true)}, "Show");
    return [shows.includes(suffix(f.name)) ? show : unplayed[suffix(f.name)] ? h("small", {}, unplayed[suffix(f.name)], " ") : "",
      h("button", {type: "button", "aria-label": `Download ${f.name}`, onclick: () => fetched(job, f, false)}, "Download")];
  }
  ui.on("progress", (what) => {
    const one = cards.get(what.job);
    if (!one) return;
    one.meter.value = what.fraction;
    one.state.textContent = what.state === "running" ? `${what.stage}, ${Math.round(what.fraction * 100)} %${what.left ? `, about ${Math.ceil(what.left)} s left` : ""}` : words[what.state] || what.state;
  });
  return {box, show(jobs) {
    for (const [id, one] of cards) if (!jobs.some((job) => job.id === id)) { one.el.remove(); cards.delete(id); }
    for (const job of jobs) {
      if (!cards.has(job.id)) { cards.set(job.id, card(job)); box.prepend(cards.get(job.id).el); }
      draw(cards.get(job.id), job);
    }
  }};
}
// Cancel, heard while a cell runs too: by an own subshell of the kernel, where it has such and does not answer at once.
// What the kernel last said of itself does not count: other messages make it say "idle" while a cell runs.
async function wbCancel(ui, job) {
  const asked = ui.ask("cancel", {job}, {quiet: true}).catch(() => undefined);
  const kernel = ui.model.widget_manager && ui.model.widget_manager.kernel;
  if (!kernel || !kernel.supportsSubshells || !kernel.requestCreateSubshell) return asked;
  if (await Promise.race([asked.then(() => true), new Promise((late) => setTimeout(late, 250, false))])) return asked;
  const made = await kernel.requestCreateSubshell({}).done, id = made.content.subshell_id;
  const beside = kernel.clone({handleComms: false});
  try {
    beside.subshellId = id;
    const code = `__import__("workbench.widgets.urgent", fromlist=["cancel"]).cancel(${JSON.stringify(ui.shown.token)}, ${JSON.stringify(job)})`;
    await beside.requestExecute({code, silent: true, store_history: false, allow_stdin: false, stop_on_error: false}).done;
  } finally { beside.dispose(); kernel.requestDeleteSubshell({subshell_id: id}); }
  return asked;
}
